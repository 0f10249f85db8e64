# SPDX-License-Identifier: Apache-2.0
"""What pith-report is made of."""
