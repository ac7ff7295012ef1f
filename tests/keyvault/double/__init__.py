# SPDX-License-Identifier: GPL-2.0-or-later
"""A double of Azure Key Vault and Managed HSM (keys), of Entra ID's token endpoint and of the
managed identity endpoints, for tests. Documentation/keyvault-double.md says how to use it."""
