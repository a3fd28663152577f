// Pretraining of encoders on the real CT of the train split.
#pragma once

#include "io/manifest.hpp"
#include "io/sidecar.hpp"
#include "net/network.hpp"

namespace gdm::train {

/// task "masked": masked autoencoding (He et al., arXiv 2111.06377; a convolutional form as in arXiv 2602.04770,
/// appendix A.3): cubes of the window are zeroed, a U-Net decoder restores them, squared error on the hidden voxels.
/// task "segment": five tissue classes by HU, recognised in a window whose contrast, blur, noise and bias are
/// randomised. The decoder is thrown away; the averaged encoder weights are written. Returns false if stopped by a
/// signal.
bool pretrain_encoder(const Manifest& manifest, const net::PretrainOptions& options, const net::Compute& compute,
                      Provenance& provenance);

}  // namespace gdm::train
