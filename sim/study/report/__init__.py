# SPDX-License-Identifier: MIT
"""From the runs of a study to what people read: tables, figures, one sentence on what won."""
