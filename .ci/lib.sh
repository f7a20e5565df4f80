# SPDX-License-Identifier: Apache-2.0
#
# What the stages are made of. Sourced by .ci/run at the root of the checkout.
# shellcheck shell=bash

# A test that lacks something on a machine which this script has set up is a failure.
export NSTEST_STRICT=1
# Root in somebody else's checkout may not read its git state (golang/go#53532).
export GOFLAGS="${GOFLAGS:+$GOFLAGS }-buildvcs=false"

# The unprivileged user that root runs tests as.
ci_user=gonso-ci

# Not below TMPDIR, where the user may have no way to.
work=$(mktemp -d /tmp/gonso-ci.XXXXXX)
chmod 0755 "$work"
mkdir "$work/log"
trap clean_up EXIT

# Where examples that fail leave their traces and captures, see docs/debugging.md. It stays if there are any.
evidence=${NSTEST_ARTIFACTS:-/tmp/gonso-evidence.${work##*.}}
unset NSTEST_ARTIFACTS NSTEST_TRACE

# clean_up also ends a stage that runs in the background, and what tests that failed have left running.
clean_up() {
  local left
  [[ -z ${beside_group-} ]] || kill -TERM -- "-$beside_group" 2>/dev/null || true
  mapfile -t left < <(marked_processes)
  ((${#left[@]} == 0)) || kill -KILL "${left[@]}" 2>/dev/null || as_root kill -KILL "${left[@]}" || true
  rm -rf "$work" 2>/dev/null || as_root rm -rf "$work"
  keep_evidence
}

# keep_evidence says what there is, which is the caller's then.
keep_evidence() {
  local owner
  owner="$(id -u):$(id -g)"
  [[ -d $evidence ]] || return 0
  find "$evidence" -type d -empty -delete 2>/dev/null || as_root find "$evidence" -type d -empty -delete
  [[ -d $evidence ]] || return 0
  chown -R "$owner" "$evidence" 2>/dev/null || as_root chown -R "$owner" "$evidence"
  printf 'traces of what has failed: gonso trace %s\n' "$evidence"
}

# traced runs a command with tests that leave a trace if they fail. Each user, $1, has a folder of its own.
traced() {
  mkdir -p "$evidence"
  chmod 1777 "$evidence"
  NSTEST_TRACE=failed NSTEST_ARTIFACTS=$evidence/$1 "${@:2}"
}

# say prints a command, then runs it.
say() {
  printf '+%s\n' "$(printf ' %q' "$@")"
  "$@"
}

die() {
  printf '%s\n' "$*" >&2
  return 1
}

as_root() {
  if ((EUID == 0)); then "$@"; else sudo "$@"; fi
}

# need installs the Debian packages among its arguments that are missing.
need() {
  local package missing=()
  command -v dpkg-query >/dev/null || {
    printf 'This is no Debian. Needed is what it calls %s.\n' "$*"
    return
  }
  for package; do
    dpkg-query --show --showformat='${db:Status-Status}' "$package" 2>/dev/null | grep -qx installed ||
      missing+=("$package")
  done
  ((${#missing[@]})) || {
    printf 'installed: %s\n' "$*"
    return
  }
  say as_root apt-get -qq update
  say as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq -o Dpkg::Use-Pty=0 -o DPkg::Lock::Timeout=300 install --yes --no-install-recommends "${missing[@]}"
}

# go_as_root runs go as root. Under sudo it is the same Go with the same modules, which
# sudo's own PATH and HOME would hide (actions/setup-go#104), and with a build cache of
# its own, so that no file of root stays in the caller's (moby/sys#65).
go_as_root() {
  if ((EUID == 0)); then
    marked go "$@"
    return
  fi
  local at=()
  if [[ $1 == -C ]]; then at=(-C "$2"); fi
  go "${at[@]}" mod download
  say sudo env --default-signal "PATH=$PATH" "GOFLAGS=$GOFLAGS" "CGO_ENABLED=$(go env CGO_ENABLED)" \
    "GOMODCACHE=$(go env GOMODCACHE)" "GOCACHE=$work/root-cache" GOPROXY=off \
    "NSTEST_STRICT=$NSTEST_STRICT" "NSTEST_TRACE=${NSTEST_TRACE-}" "NSTEST_ARTIFACTS=${NSTEST_ARTIFACTS-}" "$mark" go "$@"
}

# as_user runs a command as somebody without privileges: as the caller, or if that is root
# as a user made for it, in a copy of the work tree, with a home, caches and modules of its own.
as_user() {
  if ((EUID != 0)); then
    marked "$@"
    return
  fi
  local home=$work/home
  [[ -d $home ]] || move_in "$home"
  printf '+ (%s)%s\n' "$ci_user" "$(printf ' %q' "$@")"
  (
    cd "$home/src"
    setpriv --reuid="$ci_user" --regid="$ci_user" --init-groups --inh-caps=-all env -i --default-signal \
      HOME="$home" USER="$ci_user" TMPDIR="$home/tmp" CI="${CI-}" NSTEST_STRICT="$NSTEST_STRICT" "$mark" \
      NSTEST_TRACE="${NSTEST_TRACE-}" NSTEST_ARTIFACTS="${NSTEST_ARTIFACTS-}" \
      PATH="$(go env GOROOT)/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin" \
      GOCACHE="$home/cache" GOMODCACHE="$home/modules" GOFLAGS="$GOFLAGS" CGO_ENABLED="$(go env CGO_ENABLED)" \
      GOPROXY="file://$home/modules/cache/download" GOSUMDB=off GOTOOLCHAIN=local "$@"
  )
}

# move_in makes the user and lays out its home $1.
move_in() {
  local home=$1
  say .github/actions/namespaces/prepare "$ci_user"
  mkdir -p "$home"/{src,tmp,cache}
  tar --create --null --no-recursion --files-from=<(work_tree) | tar --extract --directory="$home/src" --no-same-owner
  # The user may read neither root's modules nor, on some machines, the network.
  say go mod download
  say env GOMODCACHE="$home/modules" GOFLAGS="$GOFLAGS -modcacherw" GOSUMDB=off \
    GOPROXY="file://$(go env GOMODCACHE)/cache/download" go mod download
  chown -R "$ci_user:" "$home"
}

# work_tree lists the files of the work tree, committed or not, each ended by a NUL.
work_tree() {
  local file
  git ls-files -z --cached --others --exclude-standard | while IFS= read -r -d '' file; do
    if [[ -e $file || -L $file ]]; then printf '%s\0' "$file"; fi
  done
}

# Every process that a test starts inherits this from it, so what stays behind can be told
# from everything else on the machine.
mark="CI_RUN=$work"

# marked prints and runs a command whose processes can be told. It also undoes what a shell
# does to its jobs in the background, which no interrupt reaches; tests send some.
marked() {
  printf '+%s\n' "$(printf ' %q' "$@")"
  env --default-signal "$mark" "$@"
}

# no_skips prints what go test -json pipes into it as go test would have, and fails if a test
# was skipped, for whatever reason.
no_skips() { go run ./internal/verdict; }

# nothing_left fails if a marked process outlives the tests for more than a moment, which
# the kernel needs to end the children of a process that has ended.
nothing_left() {
  local pid status=0
  for pid in $(marked_processes); do
    timeout 5 tail --pid="$pid" -f /dev/null || status=1
  done
  # What is here now is a process that outlived that wait, or a child of one.
  for pid in $(marked_processes); do
    printf 'left behind: %s\n' "$(ps -o pid=,ppid=,user=,args= -p "$pid")"
    status=1
  done
  return "$status"
}

# marked_processes prints the process IDs of those that the caller may look at.
marked_processes() {
  grep -lzxF -- "$mark" /proc/[0-9]*/environ 2>/dev/null | cut -d/ -f3 || true
}

# modules prints the folder of each Go module here.
modules() {
  git ls-files --cached --others --exclude-standard -- go.mod '*/go.mod' |
    grep -v '/testdata/' | xargs -n1 dirname
}

# modules_with_code leaves out those that only pin tools.
modules_with_code() {
  local dir dirs packages
  dirs=$(modules)
  for dir in $dirs; do
    packages=$(go -C "$dir" list ./...)
    if [[ -n $packages ]]; then printf '%s\n' "$dir"; fi
  done
}

# other_modules prints what keeps git from looking into other modules than the main one.
other_modules() { modules | sed -n '/^\.$/!s/^/:!/p'; }

# What runs a suite of Ginkgo's; that of nstest/trace is no such, since only its tests run it.
suite=$'^\tRunSpecs\\('

# suites prints a regular expression of the tests that run Ginkgo's specs.
suites() {
  local others
  mapfile -t others < <(other_modules)
  git grep --untracked -hE "^func Test|$suite" -- '*_test.go' "${others[@]}" ':!*/testdata/*' |
    awk -F '[ (]' '/^func/ { name = $2 } /RunSpecs/ { printf "%s^%s$", or, name; or = "|" }'
}

# libraries prints the packages that are no examples. What the tests of these do is what users do, so that a trace shows why one
# fails; many of the others fail on purpose, or are about the variables. Those that take longest are first, so that nothing waits for them
# at the end.
libraries() { go list ./reexec ./nstest ./nstest/topo ./... | grep -v /examples/; }

# packages_with prints the folder of each package of the main module with a test file
# that has a line like $1.
packages_with() {
  local others
  mapfile -t others < <(other_modules)
  git grep --untracked -lE "$1" -- '*_test.go' "${others[@]}" ':!*/testdata/*' |
    xargs -r -n1 dirname | sort -u | sed 's,^,./,'
}
