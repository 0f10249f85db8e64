// SPDX-License-Identifier: Apache-2.0
#include <pith/compressors/zstd.h>
#include <pith/core/error.h>

// Takes the place of zstd.cc where libzstd is not found.
namespace pith {

template <Element T>
std::unique_ptr<MessageCompressor<T>> make_zstd(const Spec& spec,
                                                std::unique_ptr<MessageCompressor<T>>) {
  throw UsageError(spec.text() + ": this build has no zstd: it needs libzstd and PITH_ZSTD=ON");
}

template std::unique_ptr<MessageCompressor<float>> make_zstd(
    const Spec&, std::unique_ptr<MessageCompressor<float>>);
template std::unique_ptr<MessageCompressor<double>> make_zstd(
    const Spec&, std::unique_ptr<MessageCompressor<double>>);

}  // namespace pith
