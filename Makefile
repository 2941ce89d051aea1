# make test prepares the machine, if run as root, and runs every check there is.
# NSLAUNCH_REQUIRE=1 makes a test that can't run here fail instead of skip.

# A page or schema that could not be printed is not installed.
SHELL       = /bin/bash
.SHELLFLAGS = -o pipefail -c

GO        ?= go
PREFIX    ?= /usr/local
BIN        = bin
# Debian's own packages have theirs in vendor-completions.
ZSHFUNCTIONS ?= site-functions
TESTFLAGS ?= -count=1 -timeout 60m

# As root, each package is tested in namespaces of its own: packages run side by side, and nothing else on the machine
# disturbs them.
ISOLATED = -exec $(CURDIR)/internal/nstest/isolate.sh

# Packages whose tests also run under the race detector: those that neither
# fork without exec nor need the real binary.
RACE = ./config/... ./mountprop/... ./launcher/internal/program/... ./internal/nslist/... ./internal/nstest/...

.PHONY: build install deb setup lint unit portable bench race vm test clean

build:
	@command -v $(GO) >/dev/null || { echo "make: there is no $(GO) in PATH=$$PATH, and it is needed to build;" \
		"try: make build, as the user who has it, and then make install as root" >&2; exit 1; }
	CGO_ENABLED=0 $(GO) build -trimpath -o $(BIN)/ ./cmd/nslaunch ./cmd/nslaunch-scope

# What "make build" made is installed as it is: root, who installs, may have no Go.
$(BIN)/nslaunch $(BIN)/nslaunch-scope &:
	$(MAKE) build

# Everything in its place below $(DESTDIR)$(PREFIX). The pages, the schema and the completion are what the binary
# itself prints: build for this machine.
install: $(BIN)/nslaunch $(BIN)/nslaunch-scope
	@newer=$$(find . -path ./.git -prune -o \( -name '*.go' -o -name '*.toml' -o -name go.sum -o -name profile.md \) -newer $(BIN)/nslaunch -print -quit); \
	[ -z "$$newer" ] || echo "make: $$newer is newer than $(BIN)/nslaunch, which is installed as it is: make build makes it anew" >&2
	install -D -m 0755 -t $(DESTDIR)$(PREFIX)/bin $(BIN)/nslaunch $(BIN)/nslaunch-scope
	sed 's|/usr/local/bin/|$(PREFIX)/bin/|g' units/nslaunch@.service | \
		install -D -m 0644 /dev/stdin $(DESTDIR)$(PREFIX)/lib/systemd/system/nslaunch@.service
	$(BIN)/nslaunch man 1 | install -D -m 0644 /dev/stdin $(DESTDIR)$(PREFIX)/share/man/man1/nslaunch.1
	$(BIN)/nslaunch man 5 | install -D -m 0644 /dev/stdin $(DESTDIR)$(PREFIX)/share/man/man5/nslaunch.toml.5
	$(BIN)/nslaunch completion bash | \
		install -D -m 0644 /dev/stdin $(DESTDIR)$(PREFIX)/share/bash-completion/completions/nslaunch
	$(BIN)/nslaunch completion zsh | \
		install -D -m 0644 /dev/stdin $(DESTDIR)$(PREFIX)/share/zsh/$(ZSHFUNCTIONS)/_nslaunch
	$(BIN)/nslaunch completion fish | \
		install -D -m 0644 /dev/stdin $(DESTDIR)$(PREFIX)/share/fish/vendor_completions.d/nslaunch.fish
	$(BIN)/nslaunch schema | install -D -m 0644 /dev/stdin $(DESTDIR)$(PREFIX)/share/nslaunch/nslaunch.schema.json
	install -D -m 0644 -t $(DESTDIR)$(PREFIX)/share/doc/nslaunch README.md CHANGELOG.md LICENSE
	cd docs && find . -name '*.md' -exec install -D -m 0644 {} $(DESTDIR)$(PREFIX)/share/doc/nslaunch/{} \;
	install -D -m 0644 -t $(DESTDIR)$(PREFIX)/share/doc/nslaunch/examples examples/*.toml

# A package of Debian for this machine's processor, in BIN.
deb:
	packaging/deb.sh "$(MAKE)" "$(BIN)" "$(BIN)"

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

# The same with the image for other processors.
portable:
	NSLAUNCH_IMAGE=portable $(GO) test $(TESTFLAGS) $(ISOLATED) ./launcher ./examples ./cmd/nslaunch/... ./internal/systest/...

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
	rm -f $(BIN)/nslaunch $(BIN)/nslaunch-scope $(BIN)/nslaunch_*.deb
	@rmdir $(BIN) 2>/dev/null || true
