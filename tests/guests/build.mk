# SPDX-License-Identifier: GPL-2.0-or-later
# Guests on stock kernels.

check-guests: ## the module on stock Debian kernels in QEMU [KERNEL_NAME=6.12] [TEST=key]
	$(Q)tests/guests/run $(if $(KERNEL_NAME),--kernel $(KERNEL_NAME)) $(if $(TEST),--test $(TEST)) $(O)

.PHONY: check-guests
