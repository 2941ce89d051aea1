# make test prepares the machine, if run as root, and runs every check there is.
# NSLAUNCH_REQUIRE=1 makes a test that can't run here fail instead of skip.

# A page or schema that could not be printed is not installed.
SHELL       = /bin/bash
.SHELLFLAGS = -o pipefail -c

# sudo looks for programs in fewer directories than the user does. Go's own installer puts it in /usr/local/go.
GO        ?= $(or $(shell command -v go),$(firstword $(wildcard /usr/local/go/bin/go /usr/lib/go/bin/go /snap/bin/go)),go)
PREFIX    ?= /usr/local
BIN        = bin
DIST       = dist
# The program that prints the manual pages, the completion and the schema: of this machine's processor.
PAGES      = $(BIN)/nslaunch
# Debian's own packages have theirs in vendor-completions.
ZSHFUNCTIONS ?= site-functions
TESTFLAGS ?= -count=1 -timeout 60m

# The commit that "nslaunch version" names.
COMMIT    ?= $(firstword $(shell packaging/commit.sh))

# As root, each package is tested in namespaces of its own: packages run side by side, and nothing else on the machine
# disturbs them.
ISOLATED = -exec $(CURDIR)/internal/nstest/isolate.sh

# Packages whose tests also run under the race detector: those that neither
# fork without exec nor need the real binary.
RACE = ./config/... ./mountprop/... ./launcher/internal/program/... ./internal/nslist/... ./internal/nstest/...

.PHONY: build install uninstall deb release setup lint unit portable bench race vm test clean

# go build asks git for the commit, too, and fails where git refuses another user's clone, as with sudo.
build:
	@command -v $(GO) >/dev/null || { echo "make: there is no $(GO) in PATH=$$PATH, which the build needs;" \
		"try: make build, as the user who has Go, and then make install as root" >&2; exit 1; }
	CGO_ENABLED=0 $(GO) build -trimpath -buildvcs=false $(if $(COMMIT),-ldflags "-X main.commit=$(COMMIT)") -o $(BIN)/ ./cmd/nslaunch ./cmd/nslaunch-scope

# What "make build" made is installed as it is: root, who installs, may have no Go.
$(BIN)/nslaunch $(BIN)/nslaunch-scope &:
	$(MAKE) build

# Where things are installed. uninstall removes the same files.
ROOT        = $(DESTDIR)$(PREFIX)
UNIT        = $(ROOT)/lib/systemd/system/nslaunch@.service
MAN1        = $(ROOT)/share/man/man1/nslaunch.1
MAN5        = $(ROOT)/share/man/man5/nslaunch.toml.5
BASH_WORDS  = $(ROOT)/share/bash-completion/completions/nslaunch
ZSH_WORDS   = $(ROOT)/share/zsh/$(ZSHFUNCTIONS)/_nslaunch
FISH_WORDS  = $(ROOT)/share/fish/vendor_completions.d/nslaunch.fish
SHARED      = $(ROOT)/share/nslaunch
DOC         = $(ROOT)/share/doc/nslaunch
PRINT       = install -D -m 0644 /dev/stdin
PLACES      = sed 's|/usr/local/bin/|$(PREFIX)/bin/|g'

install: $(BIN)/nslaunch $(BIN)/nslaunch-scope
	@newer=$$(find . -path ./.git -prune -o \( -name '*.go' -o -name '*.toml' -o -name go.sum -o -path './docs/reference/*.md' \) -newer $(BIN)/nslaunch -print -quit); \
	[ -z "$$newer" ] || echo "make: note: $$newer is newer than $(BIN)/nslaunch; try: make build" >&2
	install -D -m 0755 -t $(ROOT)/bin $(BIN)/nslaunch $(BIN)/nslaunch-scope
	$(PLACES) units/nslaunch@.service | $(PRINT) $(UNIT)
	$(PLACES) packaging/apparmor | $(PRINT) $(SHARED)/apparmor
	$(PAGES) schema | $(PRINT) $(SHARED)/nslaunch.schema.json
	$(PAGES) man 1 | $(PRINT) $(MAN1)
	$(PAGES) man 5 | $(PRINT) $(MAN5)
	$(PAGES) completion bash | $(PRINT) $(BASH_WORDS)
	$(PAGES) completion zsh | $(PRINT) $(ZSH_WORDS)
	$(PAGES) completion fish | $(PRINT) $(FISH_WORDS)
	install -D -m 0644 -t $(DOC) README.md SECURITY.md CHANGELOG.md LICENSE
	find docs examples -type f \( -name '*.md' -o -name '*.svg' -o -path 'examples/*.toml' -o -name mount.sh \) -exec install -D -m 0644 {} $(DOC)/{} \;

# Directories that others may use stay.
uninstall:
	rm -f $(ROOT)/bin/nslaunch $(ROOT)/bin/nslaunch-scope $(UNIT) $(MAN1) $(MAN5) $(BASH_WORDS) $(ZSH_WORDS) $(FISH_WORDS)
	rm -rf $(SHARED) $(DOC)

# A package for Debian and Ubuntu on this machine's processor.
deb:
	packaging/release.sh "$(MAKE)" "$(BIN)" deb "$$($(GO) env GOHOSTARCH)"

# Packages and archives for each processor, and their checksums.
ARCHITECTURES ?= amd64 arm64 riscv64
release:
	packaging/release.sh "$(MAKE)" "$(DIST)" "deb tar" "$(ARCHITECTURES)"

setup:
	@if [ "$$(id -u)" = 0 ]; then internal/nstest/setup.sh; \
	else echo "not root: many tests can't run"; fi

lint:
	@unformatted=$$($$($(GO) env GOROOT)/bin/gofmt -l .); \
	if [ -n "$$unformatted" ]; then echo "not gofmt's format:"; echo "$$unformatted"; exit 1; fi
	$(GO) vet -tags vm ./...
	GOARCH=arm64 $(GO) vet ./...
	GOARCH=riscv64 $(GO) vet ./...
	$(GO) tool staticcheck -tags vm ./...

unit:
	$(GO) test $(TESTFLAGS) $(ISOLATED) $$($(GO) list ./... | grep -v /internal/bench$$)

# The bench starts other programs, which want the machine's own directories and control groups. Mounts that come and go
# meanwhile are not its own.
bench:
	$(GO) test $(TESTFLAGS) -exec "$(CURDIR)/internal/nstest/isolate.sh --mounts" ./internal/bench

# The same with the image for other processors, but for the tests of what is the same with both images: conformance proves
# that they make the same system calls.
ONE_IMAGE = /internal/systest/(commands|covers|escape|explain|git|mistakes|mounts|pages|profiles|records)$$
portable:
	NSLAUNCH_IMAGE=portable $(GO) test $(TESTFLAGS) $(ISOLATED) -run '^TestOwnBinary$$' ./internal/systest/escape
	NSLAUNCH_IMAGE=portable $(GO) test $(TESTFLAGS) $(ISOLATED) \
		$$($(GO) list ./launcher ./examples ./cmd/nslaunch/... ./internal/systest/... | grep -Ev '$(ONE_IMAGE)')

race:
	$(GO) test $(TESTFLAGS) $(ISOLATED) -race $(RACE)

# Emulated machines: other kernels and processors, and settings of a whole machine. See internal/vmtest.
# VM is a regular expression for their names; make test leaves riscv64 out, which takes longest.
VM ?= amd64|arm64
vm:
	$(GO) test $(TESTFLAGS) -timeout 0 -tags vm -v -run 'TestMachines/($(VM))' ./internal/vmtest

# One after the other, also under make -j: setup comes first. The two images are tested side by side: each run spends half
# of its time waiting.
test:
	$(MAKE) setup
	$(MAKE) lint
	$(MAKE) race
	$(MAKE) -j2 --output-sync=target unit portable
	$(MAKE) bench
	$(MAKE) vm

clean:
	rm -f $(BIN)/nslaunch $(BIN)/nslaunch-scope $(BIN)/nslaunch_*.deb $(BIN)/SHA256SUMS
	rm -f $(DIST)/nslaunch_*.deb $(DIST)/nslaunch-*.tar.gz $(DIST)/SHA256SUMS
	@rmdir $(BIN) $(DIST) 2>/dev/null || true
