# SPDX-License-Identifier: GPL-2.0-or-later
# What is installed, where and with which mode, as SOURCE:PLACE:MODE; uninstall takes the
# same list.

MAN_PAGES := $(patsubst Documentation/man/%.scd,$(O)/man/%,$(wildcard Documentation/man/*.scd))

INSTALLED = $(foreach f,$(PROGRAMS),$(f):$(SBINDIR)/$(notdir $(f)):0755) \
	$(foreach f,$(BIN_PROGRAMS),$(f):$(BINDIR)/$(notdir $(f)):0755) \
	$(foreach f,$(HELPERS),$(f):$(patsubst $(O)/%,$(LIBEXECDIR)/%,$(f)):0755) \
	tools/bench/kernel-cipher:$(LIBEXECDIR)/kernel-cipher:0755 \
	$(TOKEN_PLUGIN):$(TOKENDIR)/$(notdir $(TOKEN_PLUGIN)):0644 \
	$(foreach f,$(MAN_PAGES),$(f):$(MANDIR)/man$(subst .,,$(suffix $(f)))/$(notdir $(f)):0644) \
	userspace/share/completions/envol.bash:$(BASHDIR)/envol:0644 \
	userspace/share/completions/envol.zsh:$(ZSHDIR)/_envol:0644 \
	userspace/share/completions/envol.fish:$(FISHDIR)/envol.fish:0644 \
	userspace/share/tmpfiles.conf:$(TMPFILESDIR)/envol.conf:0644 \
	userspace/share/udev.rules:$(UDEVDIR)/90-envol.rules:0644

SYSTEMDDIR ?= $(PREFIX)/lib/systemd
INSTALLED += $(O)/envol-watch.service:$(SYSTEMDDIR)/system/envol-watch.service:0644
$(O)/envol-watch.service: userspace/share/envol-watch.service FORCE
	@mkdir -p $(@D)
	$(Q)sed 's|@SBINDIR@|$(SBINDIR)|' $< >$@

man: $(MAN_PAGES) ## manual pages
# The first line tells man(1) that there are tables, which scdoc does not.
$(O)/man/%: Documentation/man/%.scd
	@mkdir -p $(@D)
	$(call say,MAN,$*){ printf '%s\n' "'\\\" t"; scdoc <$<; } >$@

$(O)/envol.conf: userspace/share/envol.conf FORCE
	@mkdir -p $(@D)
	$(Q)sed 's|@LIBEXECDIR@|$(LIBEXECDIR)|' $< >$@

install: programs install-files ## programs, manual pages, completions and settings, into DESTDIR and PREFIX
# What is built is not looked at, so that it can be tried without building anew.
install-files: man $(O)/envol.conf $(O)/envol-watch.service
	$(Q)set -e; for file in $(INSTALLED); do \
		mode=$${file##*:} place=$${file%:*}; place=$${place#*:}; \
		install -D -m $$mode $${file%%:*} $(DESTDIR)$$place; done
	@# Settings that somebody has made stay.
	$(Q)test -e $(DESTDIR)$(SYSCONFDIR)/envol/envol.conf || \
		install -D -m 0644 $(O)/envol.conf $(DESTDIR)$(SYSCONFDIR)/envol/envol.conf

uninstall: ## all of that but the settings
	$(Q)for file in $(INSTALLED); do \
		place=$${file%:*}; rm -f $(DESTDIR)$${place#*:}; done
	$(Q)rmdir $(DESTDIR)$(DRACUTDIR)/modules.d/90envol $(DESTDIR)$(LIBEXECDIR)/kek \
		$(DESTDIR)$(LIBEXECDIR)/initramfs $(DESTDIR)$(LIBEXECDIR) 2>/dev/null || true

.PHONY: man install install-files uninstall
