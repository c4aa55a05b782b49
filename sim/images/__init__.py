# SPDX-License-Identifier: MIT
"""Work on images, all of which needs PyTorch (extra ``train``)."""
