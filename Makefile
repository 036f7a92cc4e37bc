.DEFAULT_GOAL := help
.PHONY: help demo build test bench bench-gate bench-compare fuzz lint scan vuln

GO ?= go
PROGRAM ?= bin/ispgate
TOOL = $(GO) tool -modfile=test/tools/go.mod
FUZZTIME ?= 1m

# 4 MB less: libraries are not inlined, but for those that each request or password needs, and functions begin where 16 divides, not 32.
# The Dockerfile says the same. go-redis keeps several hundred commands for each kind of client, since templates find methods by name.
LEAN = -gcflags=github.com/...=-l -gcflags=golang.org/x/...=-l -gcflags=google.golang.org/...=-l -gcflags=gopkg.in/...=-l \
  -gcflags=github.com/ispgate/...= -gcflags=github.com/prometheus/...= -gcflags=golang.org/x/crypto/...= -gcflags=golang.org/x/net/...=
LINK = -ldflags='-s -w -funcalign=16'

# What is tested is what is shipped: static, without the paths of the machine. The image test uses the same build cache.
FLAGS = CGO_ENABLED=0 GOFLAGS='$(GOFLAGS) -trimpath -buildvcs=false $(LEAN)'
# The packages where goroutines meet. Each is tested a second time under the race detector; of the accounts one engine, without
# what S21 and S22 do a hundred times: that has just been done without it; of the whole gateway two nodes, in races that are run here only. SQLite itself is C turned into Go by a program: watching
# each of its reads and writes as well makes everything three times as slow, and finds nothing of ours.
RACE = ./authflow ./proxy ./internal/keyring ./internal/panel ./internal/recent ./internal/session ./internal/throttle ./internal/transport ./internal/users ./internal/web
WATCHED = CGO_ENABLED=1 $(GO) test -race -gcflags='modernc.org/...=-race=false' -count=1 -timeout=20m

help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## /make \1\t/p' Makefile | expand -t 14

demo: ## the gateway before a demo panel, in one process, on http://127.0.0.1:8080
	$(GO) run ./cmd/ispgate demo

build: ## the static program, as bin/ispgate or PROGRAM=path
	CGO_ENABLED=0 $(GO) build -trimpath -buildvcs=false $(LEAN) $(LINK) -o $(PROGRAM) ./cmd/ispgate

test: ## all tests; on Debian installs the packages they need (test/packages.txt)
	test/install
	$(FLAGS) $(GO) test -count=1 -timeout=20m ./...
	$(WATCHED) $(RACE)
	$(WATCHED) -run '^TestContract$$/^sqlite$$' -skip '^TestContract$$/^sqlite$$/(TwoProcesses|ParallelGuesses)' ./internal/account
	$(WATCHED) -run '^TestS.*AtOnce$$' ./cmd/ispgate

bench: ## what asking costs, beside bare servers, and what grows; writes docs/performance.md and its plot
	test/install
	$(GO) build -o bin/bench ./test/bench
	bin/bench -out docs

bench-gate: ## allocations and Redis commands of a question, held against the recorded ones; part of make test, too
	$(GO) test -count=1 -v -run '^TestCost$$' ./cmd/ispgate

bench-compare: ## benchmarks of gate, sealing, routing and form discovery now and at BASE (a commit), by benchstat
	test/compare $(BASE)

fuzz: ## every fuzz target for a minute each; FUZZTIME=10m for longer
	@set -e; grep -rn --include='*_test.go' '^func Fuzz' . | sed 's|^\./\(.*\)/[^/]*:[0-9]*:func \(Fuzz[A-Za-z0-9_]*\).*|\1 \2|' | while read -r room target; do \
	  echo "$$target in $$room"; $(GO) test -run='^$$' -fuzz="^$$target\$$" -fuzztime=$(FUZZTIME) "./$$room"; done

lint: ## gofmt, go vet, staticcheck, a tidy go.mod
	@unformatted=$$(gofmt -l .); [ -z "$$unformatted" ] || { echo "not formatted by gofmt:"; echo "$$unformatted"; exit 1; }
	$(GO) vet ./...
	$(TOOL) staticcheck ./...
	$(GO) mod tidy -diff

scan: ## gosec: what it finds is mended, or explained where it stands (#nosec); its first build takes minutes
	$(TOOL) gosec -quiet -exclude-dir=test ./...

vuln: ## govulncheck: known weaknesses in what we call; needs the network
	@said=$$($(TOOL) govulncheck ./... 2>&1); state=$$?; echo "$$said"; case "$$said" in *"fetching vulnerabilities"*) \
	  echo "The vulnerability database cannot be reached: nothing was checked." >&2;; esac; exit $$state
