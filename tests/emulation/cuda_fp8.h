// SPDX-License-Identifier: Apache-2.0
#pragma once

// NCCL's header includes it and uses nothing of it.
