# SPDX-License-Identifier: Apache-2.0
#
# The stages: what each shows, and how. Sourced by .ci/run.
# shellcheck shell=bash

# Cheap ones first; then those that share what they build.
stages=(
  'packages   what the tests need of Debian is installed'
  'format     gofmt has nothing to change'
  'modules    go.mod and go.sum are tidy, the modules are those of go.sum'
  'vm         a short selection under a kernel of Debian, as root and as a user, also restricted, in QEMU'
  'vet        go vet is silent'
  'lint       so are staticcheck, shellcheck and actionlint'
  'api        what packages export is on record in api/, and CHANGELOG.md names what broke'
  'cross      everything compiles on other architectures, and where there are no namespaces'
  'peers      what the test suites of others make of gonso exec'
  'browser    pages of traces, opened and used in a browser'
  'mutants    tests see guards of the code that are taken out, a short selection, as root'
  'docker     fixtures and gonso exec in containers of Docker, and what is said to help there helps'
  'places     the same few things in a chroot, in bubblewrap and as users who lack what most have'
  'bench      each benchmark runs, once'
  'test       the tests, as root'
  'race       the tests, as root, with the race detector'
  'user       the tests, as a user without privileges and without cgo'
  'ginkgo     the Ginkgo suites in parallel processes, as root and as that user'
)

# The first waits more than it computes: it runs beside those after it, up to one that nothing may disturb.
background=(vm)
undisturbed=(test race user ginkgo)

# These need a user who may sudo, an amd64 machine, a quiet machine, minutes.
by_name_only=(
  'exec-sudo  the tests, built by a user, run as root: go test -exec sudo'
  'vm-all     the tests under a kernel of Debian, as root and as a user, in QEMU'
  'figures    what bench/ measures, six times: bench/RESULTS.md and its picture, and bench/SUITES.md'
  'environments  the same few things in each environment of docs/environments.md but Docker'
  'engines    engines run each test once: GitHub (its steps), Kubernetes (its pods), GNU parallel, Slurm, Bazel'
  'wire       frames a second and delays over a wire beside a veth, and beside netem in QEMU: bench/WIRE.md'
  'mutants-all  tests see each guard of the code that is taken out, as root'
)

debian=(
  # Go with cgo, and the C libraries and compilers that package gons is proven with.
  git gcc libc6-dev musl-tools clang
  # What tests look at namespaces with.
  iproute2 nftables iptables util-linux procps libcap2-bin iputils-ping strace
  # What examples run in networks.
  nginx-light curl bird2 iperf3
  # What an unprivileged user needs, and what root makes one with.
  uidmap passwd
  # The linter of these scripts.
  shellcheck
  # Real programs of examples/.
  dnsmasq-base
  # What reads captures.
  tcpdump tshark
)

# Among them are what makes a difference to Go code: 32 bits, the system calls that later ones share, the other order of bytes.
architectures=(386 arm arm64 ppc64le riscv64 s390x)

stage_packages() { need "${debian[@]}"; }

stage_format() {
  local changed
  changed=$(git ls-files -z --cached --others --exclude-standard -- '*.go' | xargs -0 gofmt -l)
  [[ -z $changed ]] || die "gofmt would change:"$'\n'"$changed"
}

stage_modules() {
  local dir dirs
  dirs=$(modules)
  for dir in $dirs; do
    say go -C "$dir" mod verify
    say go -C "$dir" mod tidy -diff
  done
}

stage_vet() {
  local dir dirs built
  dirs=$(modules_with_code)
  for dir in $dirs; do
    say go -C "$dir" vet ./...
  done
  # What tests build, and no pattern matches.
  mapfile -t built < <(git ls-files --cached --others --exclude-standard -- '*/testdata/*.go' | xargs -n1 dirname | sort -u)
  for dir in "${built[@]}"; do
    [[ -e $dir/go.mod ]] || printf './%s\n' "$dir"
  done | say xargs go vet
}

stage_lint() {
  local others
  mapfile -t others < <(go list ./... | grep -v '/reexec/gons$')
  say go tool -modfile=tools/go.mod staticcheck "${others[@]}"
  # Where cgo makes a difference: one run, since what one build leaves unused may serve the other.
  say go tool -modfile=tools/go.mod staticcheck -matrix ./reexec/gons <<'END'
cgo: CGO_ENABLED=1
nocgo: CGO_ENABLED=0
END
  say go tool -modfile=tools/go.mod actionlint
  say shellcheck --external-sources .ci/run .ci/machine/{run,kernel,early,init,restricted} .ci/peers/run .ci/docker/run .ci/engines/{run,bazel,github,kubernetes,parallel,slurm} .ci/environments/{run,few,user,chroot,bubblewrap,firejail,nspawn,podman} .github/actions/namespaces/prepare .github/actions/evidence/summarize
}

stage_api() { say go run ./internal/api; }

# -count=1 because the kernel is an input of most tests, and go test's cache does not see it.
# A skipped test is a failure: this script has set the machine up. Those that want a kernel with modules run
# under one, in stage vm.
elsewhere='^(TestTunnelBetweenTwoHomes|TestTwoCustomersWithTheSameAddresses)$'
# Tests wait about as long as they compute: twice as many packages at once as there are CPUs keep these busy. What go test would vet,
# stage vet has vetted.
go_test=(test -json -count=1 -vet=off -timeout=10m "-p=$((2 * $(nproc)))")
stage_test() {
  local packages
  mapfile -t packages < <(libraries)
  go_as_root "${go_test[@]}" "${packages[@]}" | no_skips
  traced root go_as_root "${go_test[@]}" -skip="$elsewhere" ./examples/... | no_skips
  traced root go_as_root -C examples/raft "${go_test[@]}" ./... | no_skips
  nothing_left
}

# Each program with the detector waits for a second at its end, and tests start many. What is tested in other
# processes it does not see, and there is nothing for it to see where suites of nstest's tests end, are shared out or are looked into.
stage_race() {
  local packages
  mapfile -t packages < <(libraries | grep -vE '/(internal/(attack|exhaustion|mutants|layout|api|typecheck)|docs|cmd/gonso|reexec/gons)$')
  GORACE=atexit_sleep_ms=0 CGO_ENABLED=1 go_as_root "${go_test[@]}" -race \
    -skip="$elsewhere|^Test(CoverageOf|Kept(Fixtures|Kinds|Nodes|Daemon|Commands)|Programs(End|LiveOn|Of(AHanging|AKilled|APart|ATest|Tests))|Paused?Test|Shards(GoBy|Have|Of|Run)|What(AKilledRun|GoTest|Hangs|Outlives)|TracesAre|AMountThat|AThreadThatA|FixturesOf(AHanging|TestsThat))" "${packages[@]}" | no_skips
  nothing_left
}

# Without those that look at sources: it makes no difference to them who does. Nor does it to the modes of coverage: one is enough.
stage_user() {
  local packages
  mapfile -t packages < <(libraries | grep -vE '/internal/(layout|api|mutants|typecheck|verdict)$')
  CGO_ENABLED=${CGO_ENABLED:-0} as_user go "${go_test[@]}" -skip='^TestCoverageOfChildren$/^(set|count)$' "${packages[@]}" | no_skips
  CGO_ENABLED=${CGO_ENABLED:-0} traced user as_user go "${go_test[@]}" -skip="$elsewhere" ./examples/... | no_skips
  nothing_left
}

# Where there is a dockerd it is good enough: Docker's own package conflicts with Debian's.
stage_docker() {
  command -v dockerd >/dev/null || need docker.io
  need busybox-static
  say .ci/docker/run
}

# Only the suites: the tests beside them have had their run. Ginkgo would wait for ever.
stage_ginkgo() {
  local packages ginkgo
  mapfile -t packages < <(packages_with "$suite")
  ((${#packages[@]})) || die 'there is no Ginkgo suite'
  ginkgo=(run github.com/onsi/ginkgo/v2/ginkgo -p --no-color "${packages[@]}" -- "-test.run=$(suites)" -test.timeout=5m)
  go_as_root "${ginkgo[@]}"
  CGO_ENABLED=${CGO_ENABLED:-0} as_user go "${ginkgo[@]}"
  CGO_ENABLED=${CGO_ENABLED:-0} as_user env NSTEST_ROOTLESS=net go "${ginkgo[@]}"
  nothing_left
}

# The cheap ones of the next stage.
stage_places() {
  need busybox-static uidmap bubblewrap
  say .ci/environments/run user chroot bubblewrap
}

stage_environments() {
  need busybox-static uidmap bubblewrap firejail systemd-container podman crun runc
  say .ci/environments/run user chroot bubblewrap firejail nspawn podman
}

stage_bench() {
  local packages
  mapfile -t packages < <(packages_with '^func Benchmark')
  ((${#packages[@]})) || die 'there is no benchmark'
  go_as_root test -run='^$' -bench=. -benchtime=1x -timeout=5m "${packages[@]}"
  if [[ -f bench/go.mod ]]; then
    go_as_root -C bench test -short -bench=. -benchtime=1x -timeout=5m ./...
  fi
}

# What is imported need not be compiled for that, but for programs: the command where words are short, and one that links all linknames of this
# module where it has assembly.
stage_cross() {
  say go run ./internal/typecheck darwin/arm64 "${architectures[@]/#/linux/}"
  say env GOOS=linux GOARCH=386 CGO_ENABLED=0 go build -o /dev/null ./cmd/gonso
  say env GOOS=linux GOARCH=arm64 CGO_ENABLED=0 go build -o /dev/null ./reexec/testdata/cover/prog
}

stage_exec-sudo() {
  ((EUID != 0)) || die 'run this stage as a user who may sudo'
  say go test -json -exec "sudo env PATH=$PATH NSTEST_STRICT=$NSTEST_STRICT $mark" -skip="$elsewhere" -count=1 -timeout=5m ./... | no_skips
  nothing_left
}

# Of the tests of nstest, how those begin that ask something of the kernel: to the others, about Go's test framework, none makes a difference.
kernel_tests=(
  ADaemon{IsReady,Ends,IsControlled,OfA,Runs,InProcess} AFixture{IsEntered,HasHosts} ALimit AnAddress ANamespaceIs ASetting BeInNetNS
  BeIsolated BeMounted BeUp Command{Runs,Ends} Enter FileOfAnother FixturesShare FreshIPv6 Have{Link,Address,Route,Ruleset,Leaked} Here
  InProcess{HasAProc,Inside,Is{Furnished,Here},Leaves,Maps,SaysThat} KeptKinds KillingARootless Libraries Listeners Main MountsAre MoveLink NamedNetNS
  Net{NS,work} New Nft Raw Reach Require RootlessRunHas Routes RulesOf Settings Sockets SymbolicLink SysAnd Tentative WhatAKernel WhatTheTestsLeave WhichNetwork
)
stage_vm() {
  amd64 || return 0
  need_machine
  say .ci/machine/run -root -short -timeout 900 -skip '^Test(Addresses|Dial|EverySocket|Listeners|Lookup|NamesAre|Socket|Threads)' ./set # but for package net's part
  say .ci/machine/run -user -short -timeout 900 ./examples/twohosts ./examples/wireguard ./examples/vrf ./internal/probe
  say .ci/machine/run -user -short -timeout 900 -run "^Test($(
    IFS='|'
    printf '%s' "${kernel_tests[*]}"
  ))" ./nstest
  # That kernel has netem.
  say .ci/machine/run -root -short -timeout 900 -run 'Netem|SameSeed|Segments' ./nstest/topo
  # A host that has set what new network namespaces copy.
  say .ci/machine/run -root -short -sysctl net.ipv4.ip_forward=1 -sysctl net.ipv4.conf.all.rp_filter=2 \
    -sysctl net.core.devconf_inherit_init_net=1 -sysctl net.ipv6.conf.all.disable_ipv6=1 -run '^TestSettings$' ./internal/container
  say .ci/machine/restricted
}

stage_vm-all() {
  amd64 || return 0
  need_machine
  say .ci/machine/run
}

# amd64 tells whether there is a kernel for the virtual machine here.
amd64() {
  [[ $(uname -m) == x86_64 ]] || {
    printf 'The machine is an amd64 one.\n'
    return 1
  }
}

need_machine() {
  need qemu-system-x86 busybox-static cpio kmod util-linux uidmap apparmor
  say as_root apt-get -qq update # the kernel's package is looked up and fetched
}

stage_peers() { say .ci/peers/run; }

# Ours, the floor and the peers take turns: what disturbs one disturbs all. FIGURES_ROUNDS=1 FIGURES_TIME=10ms shows
# in some minutes that all of it works.
stage_figures() {
  local round rounds=${FIGURES_ROUNDS:-6} time=${FIGURES_TIME:-1s}
  need iproute2 mininet bridge-utils
  say go -C bench test -c -o "$work/bench.test" .
  for ((round = 1; round <= rounds; round++)); do
    printf 'round %d\n' "$round" >&2
    # -test.timeout is not about benchmarks. What SIGQUIT ends says where it was.
    (cd bench && say as_root env "$mark" timeout --signal=QUIT 10m "$work/bench.test" -test.run='^$' -test.bench=. -test.benchtime="$time")
  done | tee "$work/figures"
  (cd bench && say go run ./figures) <"$work/figures"
  go_as_root -C bench run ./suites -rounds="$rounds"
  nothing_left
}

# Where there is another chromium it is good enough: not each distribution has this package.
stage_browser() {
  command -v chromium google-chrome >/dev/null || need chromium
  marked go -C nstest/internal/tracepage/browser test -json -bench=. -benchtime=1x -count=1 -timeout=5m ./... | no_skips
  nothing_left
}

# Without its guard a test may leave behind what the guard was for.
stage_mutants() { go_as_root run ./internal/mutants -short; }

stage_mutants-all() { go_as_root run ./internal/mutants; }

stage_engines() {
  need iproute2 parallel openssh-server slurmctld slurmd slurm-client munge bazel-bootstrap bazel-rules-java
  say .ci/engines/run
}

# The machine has netem, and sees the checkout, but not /tmp.
stage_wire() {
  amd64 || return 0
  need_machine
  trap 'rm -f wires.test' EXIT
  say go -C bench test -c -o "$PWD/wires.test" ./wires
  say as_root nice -n -10 env "$mark" timeout 10m ./wires.test -figures "$work/here" # others are to disturb it less
  say .ci/machine/run -root -timeout 900 -logs "$work/machine" -cmd './wires.test -test.timeout=14m -runs 5 -figures /vm/out/wires.log'
  {
    printf '<!-- Written by .ci/run wire, see README.md. -->\n# A wire beside a veth, and netem\n\n'
    cat "$work/here"
    printf '\n'
    cat "$work/machine/wires.log"
  } >bench/WIRE.md
  nothing_left
}
