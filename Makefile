# SPDX-License-Identifier: Apache-2.0
#
# Short names. What is behind them is in .ci/stages.sh.

.DEFAULT_GOAL := help
.PHONY: attacks chaos picture help test test-user race demo lint bench vm ci mutants exhaustion api

help: ## show what there is to make
	@sed -n 's/^\([a-z-]*\):.*## /  make \1\t/p' $(MAKEFILE_LIST) | expand -t 18

test: ## run the tests as root (with sudo, if that is not you)
	.ci/run test

test-user: ## run the tests without privileges (root: as a user made for it)
	.ci/run user

race: ## run the tests as root with the race detector
	.ci/run race

demo: ## run the examples of the documentation and show what they do
	go test -v -count=1 -run "^Example" . ./set ./reexec/... && go test -v -count=1 ./examples/...

lint: ## run gofmt, go vet and the linters
	.ci/run packages format vet lint

bench: ## measure, next to peers and floors (minutes, on a quiet machine)
	.ci/run figures

vm: ## run the tests under another kernel, in QEMU (root, amd64)
	.ci/run vm-all

ci: ## run all that a change must pass
	.ci/run

mutants: ## take out one guard at a time and see its test fail (minutes)
	.ci/run mutants-all

exhaustion: ## show what each call makes of full tables, limits and file systems
	go test -v -count=1 ./internal/exhaustion

attacks: ## have root of a Set attack its caller, 300 times in each way, and print what was tried
	ATTACK_CALLS=300 go test -count=1 -v -timeout=30m -run=TestAttacks ./internal/attack

chaos: ## kill and stop the processes that namespaces are made by, some seconds long
	CHAOS_CALLS=400 go test -count=1 -v -timeout=10m -run=TestKilledHelpers ./internal/attack

api: ## renew the record of what the packages export, and say what CHANGELOG.md has to name
	go run ./internal/api -renew

picture: ## renew the picture of a trace's page in README.md (Debian's chromium)
	go -C nstest/internal/tracepage/browser run ./picture -o "$(CURDIR)/docs/trace.png"
