# SPDX-License-Identifier: GPL-2.0-or-later
# Units of systemd for the table of volumes, the generator that makes them, and an example.

# systemd looks in /usr/local/lib as well.
SYSTEMDDIR ?= $(PREFIX)/lib/systemd

GENERATOR_OBJ := $(patsubst %.c,$(O)/obj/%.o,$(wildcard userspace/boot/systemd/*.c))
GENERATOR := $(O)/envol-generator
$(GENERATOR): $(GENERATOR_OBJ) $(LIB_OBJ)
	$(call say,LD,$@)$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) $^ $(LIB_LIBS) -o $@
programs: $(GENERATOR)

$(O)/envol@.service: userspace/boot/systemd/envol@.service FORCE
	@mkdir -p $(@D)
	$(Q)sed 's|@SBINDIR@|$(SBINDIR)|' $< >$@
install-files: $(O)/envol@.service

INSTALLED += $(GENERATOR):$(SYSTEMDDIR)/system-generators/envol-generator:0755 \
	$(O)/envol@.service:$(SYSTEMDDIR)/system/envol@.service:0644 \
	userspace/boot/volumes.example:$(PREFIX)/share/doc/envol/volumes.example:0644
