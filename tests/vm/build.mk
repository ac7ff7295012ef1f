# SPDX-License-Identifier: GPL-2.0-or-later
# Guests on stock kernels.

check-vm: ## the module on stock Debian kernels in QEMU [KERNEL_NAME=6.12] [TEST=key]
	$(Q)tests/vm/run $(if $(KERNEL_NAME),--kernel $(KERNEL_NAME)) $(if $(TEST),--test $(TEST)) $(O)

.PHONY: check-vm
