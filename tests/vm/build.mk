# SPDX-License-Identifier: GPL-2.0-or-later
# Guests: kernels fetched once, images built when something changed, scripts run in them.

check-vm: programs ## guests on every kernel, or [KERNEL=6.12] [TEST=key] [JOBS=2]
	$(Q)tests/vm/run $(foreach k,$(VM_KERNELS),--kernel '$k') $(foreach t,$(TEST),--test '$t') \
		$(if $(JOBS),--jobs $(JOBS)) $(O)

# KERNEL is also the running kernel's release, unless it was asked for.
VM_KERNELS = $(if $(filter file,$(origin KERNEL)),,$(KERNEL))

vm-fetch: ## fetch the kernels, build the debug kernel
	$(Q)tests/vm/fetch
	$(Q)tests/vm/debug-kernel

.PHONY: check-vm vm-fetch
