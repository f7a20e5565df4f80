# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2034 # .ci/run reads the lists
#
# Stages that fail in every way that a shell may overlook.

stages=(
  'beside   fails beside others'
  'good     succeeds'
  'status   fails in its last command'
  'middle   fails before its last command'
  'pipe     fails at the head of a pipe'
  'inner    fails inside of a command substitution'
  'unset    uses what is not set'
  'input    reads its input to the end'
)
background=(beside)
undisturbed=(input)
by_name_only=('aside    succeeds')

stage_beside() {
  # Until a later stage runs.
  until [[ -e $work/log/status ]]; do sleep 0.01; done
  false
  echo "beside went on"
}
stage_good() { echo "good went through"; }
stage_status() { return 3; }
stage_middle() {
  false
  echo "middle went on"
}
stage_pipe() {
  false | cat
  echo "pipe went on"
}
stage_inner() {
  local text
  text=$(
    false
    echo "inner went on"
  )
  echo "$text"
}
stage_unset() {
  # shellcheck disable=SC2154 # that is the point
  echo "$nowhere_set"
  echo "unset went on"
}
stage_input() { cat; }
stage_aside() { echo "aside went through"; }
