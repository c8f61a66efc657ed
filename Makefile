# dejunk - a transparent filter for a Linux gateway
#
#   make            build/dejunk
#   make check      unit tests with address and undefined-behaviour sanitizers; layers, manual pages (no root)
#   make e2e        end-to-end tests in network namespaces (root)
#   make fuzz       every fuzz target for FUZZ_SECONDS each (clang)
#   make bench      one line a figure; also build/bench.json (BENCH=lab BENCH_PAIRS=9; root for the laboratories)
#   make install    to DESTDIR, under PREFIX
#   make clean
#
# V=1 prints the commands.  SANITIZE=1 builds the binary itself with sanitizers.

CC ?= gcc
CLANG ?= clang
PREFIX ?= /usr/local
SBINDIR ?= $(PREFIX)/sbin
MANDIR ?= $(PREFIX)/share/man
DATADIR ?= $(PREFIX)/share/dejunk
SYSCONFDIR ?= /etc
FUZZ_SECONDS ?= 20
CFLAGS ?= -O2 -g
PKGS := libnetfilter_queue libmnl libnftnl yaml-0.1 libpsl libidn2 libpcre2-8 libcares libxxhash libseccomp libcrypto
VERSION := $(shell cat VERSION)

Q := $(if $(V),,@)
say = $(if $(V),,@printf '  %-7s %s\n' '$(1)' '$(2)')

warnings := -Wall -Wextra -Werror -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wvla -Wpointer-arith -Wformat=2
harden := -fstack-protector-strong -D_FORTIFY_SOURCE=2 -fPIE
pkg_cflags := $(shell pkg-config --cflags $(PKGS) 2>/dev/null)
pkg_libs := $(shell pkg-config --libs $(PKGS) 2>/dev/null) -lev
cppflags := -std=gnu11 -D_GNU_SOURCE -DDEJUNK_VERSION='"$(VERSION)"' -DDEJUNK_DATADIR='"$(DATADIR)"' -iquote daemon -Ibuild/gen $(pkg_cflags)
sanitize := -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
ifdef SANITIZE
harden := -fPIE $(sanitize)
LDFLAGS += $(sanitize)
endif

sources := $(wildcard daemon/*.c)
objects := $(sources:daemon/%.c=build/obj/%.o)
gen := build/gen/firewall_numbers.h

.PHONY: all check print-cppflags e2e fuzz bench install clean
all: build/dejunk

build/dejunk: $(objects)
	$(call say,LD,$@)
	$(Q)$(CC) $(CFLAGS) -pie -Wl,-z,relro,-z,now $(LDFLAGS) -o $@ $^ $(pkg_libs)

# nft/dejunk.nft alone states ports, marks and queue numbers: C reads them from there
build/gen/firewall_numbers.h: nft/dejunk.nft
	$(call say,GEN,$@)
	$(Q)mkdir -p build/gen
	$(Q)sed -n 's/^define \([a-z_]*\) = \(0x[0-9a-f]*\|[0-9]*\)\( .*\)\{0,1\}$$/#define FIREWALL_\U\1\E \2/p' $< >$@
	$(Q)(echo '#define FIREWALL_BASES(X) \'; sed -n -e 's/^\t\ttype [a-z]* hook \([a-z]*\) priority \([a-z]*\) \([-+]\) \([0-9]*\);.*/\tX(\1, \2, \3\4) \\/p' \
		-e 's/^\t\ttype [a-z]* hook \([a-z]*\) priority \(-*[0-9]*\);.*/\tX(\1, number, \2) \\/p' $<; echo) >>$@

build/obj/%.o: daemon/%.c Makefile | $(gen)
	$(call say,CC,$@)
	$(Q)mkdir -p build/obj
	$(Q)$(CC) $(cppflags) $(warnings) $(harden) $(CFLAGS) -MD -MP -c -o $@ $<

# --- the daemon with the small limits of tests/limits/short, for the tests that reach them.  It says what it is, and runs
# only where DEJUNK_SHORT_LIMITS is in the environment
short := $(sources:daemon/%.c=build/short/obj/%.o)
build/short/bin/dejunk: $(short) | build/short/nft/dejunk.nft
	$(call say,LD,$@)
	$(Q)mkdir -p build/short/bin
	$(Q)$(CC) $(CFLAGS) -pie -Wl,-z,relro,-z,now $(LDFLAGS) -o $@ $^ $(pkg_libs)

build/short/obj/%.o: daemon/%.c Makefile | $(gen) build/short/limit_short.h
	$(call say,SHORT,$@)
	$(Q)mkdir -p build/short/obj
	$(Q)$(CC) -DDEJUNK_SHORT_LIMITS -iquote build/short $(cppflags) $(warnings) $(harden) $(CFLAGS) -MD -MP -c -o $@ $<

build/short/limit_short.h: daemon/tbl/limit.h tests/limits/short tests/limits/shorten
	$(call say,GEN,$@)
	$(Q)mkdir -p build/short
	$(Q)tests/limits/shorten $< tests/limits/short >$@.new && mv $@.new $@

build/short/nft/dejunk.nft: nft/dejunk.nft build/short/limit_short.h tests/limits/firewall
	$(call say,GEN,$@)
	$(Q)mkdir -p build/short/nft
	$(Q)cp -r nft/reset nft/pass build/short/nft
	$(Q)tests/limits/firewall build/short/limit_short.h $< >$@.new && mv $@.new $@

# --- unit tests: each names the modules it links in a line "links: a b c" --------
unit := $(patsubst tests/unit/test_%.c,%,$(wildcard tests/unit/test_*.c))
links = $(shell sed -n 's,^.*[ *]links: *\([a-z0-9_ ]*\).*,\1,p' $(1) | head -n 1)
san_cflags := -O1 -g $(sanitize)

build/san/%.o: daemon/%.c Makefile | $(gen)
	$(call say,CC,$@)
	$(Q)mkdir -p build/san
	$(Q)$(CC) $(cppflags) $(warnings) $(san_cflags) -MD -MP -c -o $@ $<

define unit_rule
build/unit/test_$(1): tests/unit/test_$(1).c $(wildcard tests/unit/*.h) $(patsubst %,build/san/%.o,$(call links,tests/unit/test_$(1).c))
	$$(call say,TEST,$$@)
	$$(Q)mkdir -p build/unit
	$$(Q)$$(CC) $$(cppflags) $$(warnings) $$(san_cflags) -MD -MP -o $$@ $$(filter %.c %.o,$$^) -lcmocka $$(pkg_libs)
endef
$(foreach t,$(unit),$(eval $(call unit_rule,$(t))))

check: build/dejunk $(unit:%=build/unit/test_%)
	$(Q)tests/check-layers
	$(Q)tests/check-docs
	$(Q)tests/check-conformance
	$(Q)tests/check-limits
	$(Q)tests/check-rules
	$(Q)tests/run-unit $(unit:%=build/unit/test_%)

# --- programs that end-to-end tests run as root, with a line "links:" like unit tests -----
root := $(patsubst tests/root/%.c,%,$(wildcard tests/root/*.c))
define root_rule
build/root/$(1): tests/root/$(1).c $(patsubst %,build/san/%.o,$(call links,tests/root/$(1).c))
	$$(call say,TEST,$$@)
	$$(Q)mkdir -p build/root
	$$(Q)$$(CC) $$(cppflags) $$(warnings) $$(san_cflags) -MD -MP -o $$@ $$(filter %.c %.o,$$^) $$(pkg_libs)
endef
$(foreach t,$(root),$(eval $(call root_rule,$(t))))

e2e: build/dejunk build/short/bin/dejunk build/short/nft/dejunk.nft $(root:%=build/root/%)
	$(Q)tests/run-e2e $(E2E)

# --- fuzzing: tests/fuzz/fuzz_X.c with a line "links:", corpus in tests/fuzz/corpus/X ---
fuzz := $(patsubst tests/fuzz/fuzz_%.c,%,$(wildcard tests/fuzz/fuzz_*.c))
define fuzz_rule
build/fuzz/fuzz_$(1): tests/fuzz/fuzz_$(1).c $(wildcard tests/fuzz/*.h tests/unit/*.h) $(patsubst %,daemon/%.c,$(call links,tests/fuzz/fuzz_$(1).c)) | $(gen)
	$$(call say,FUZZ,$$@)
	$$(Q)mkdir -p build/fuzz
	$$(Q)$$(CLANG) $$(cppflags) -Wall -Wextra -O1 -g -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=all -o $$@ $$(filter %.c,$$^) $$(pkg_libs)
endef
$(foreach t,$(fuzz),$(eval $(call fuzz_rule,$(t))))
fuzz: $(fuzz:%=build/fuzz/fuzz_%)
	$(Q)tests/run-fuzz $(FUZZ_SECONDS) $(fuzz:%=build/fuzz/fuzz_%)

# --- benchmarks: tests/bench/bench_X.c with a line "links:"; the binary's own objects, no sanitizers ---
bench := $(patsubst tests/bench/%.c,%,$(wildcard tests/bench/*.c))
define bench_rule
build/bench/$(1): tests/bench/$(1).c $(wildcard tests/bench/*.h) $(patsubst %,build/obj/%.o,$(call links,tests/bench/$(1).c))
	$$(call say,BENCH,$$@)
	$$(Q)mkdir -p build/bench
	$$(Q)$$(CC) $$(cppflags) $$(warnings) $$(harden) $$(CFLAGS) -pie $$(LDFLAGS) -MD -MP -o $$@ $$(filter %.c %.o,$$^) $$(pkg_libs)
endef
$(foreach t,$(bench),$(eval $(call bench_rule,$(t))))
bench: build/dejunk $(bench:%=build/bench/%)
	$(Q)tests/run-bench $(BENCH)

install: build/dejunk
	! build/dejunk version | grep -q 'small limits'
	install -D -m 755 build/dejunk $(DESTDIR)$(SBINDIR)/dejunk
	install -D -m 644 nft/dejunk.nft $(DESTDIR)$(DATADIR)/dejunk.nft
	install -D -m 644 -t $(DESTDIR)$(DATADIR)/reset nft/reset/*.nft
	install -D -m 644 -t $(DESTDIR)$(DATADIR)/pass nft/pass/*.nft
	install -D -m 644 man/dejunk.8 $(DESTDIR)$(MANDIR)/man8/dejunk.8
	install -D -m 644 man/rules.yaml.5 $(DESTDIR)$(MANDIR)/man5/rules.yaml.5
	test -e $(DESTDIR)$(SYSCONFDIR)/dejunk/rules.yaml || install -D -m 644 rules.yaml $(DESTDIR)$(SYSCONFDIR)/dejunk/rules.yaml

print-cppflags:
	@echo $(cppflags)

clean:
	rm -rf build

-include $(wildcard build/obj/*.d build/short/obj/*.d build/san/*.d build/unit/*.d build/root/*.d build/bench/*.d)
