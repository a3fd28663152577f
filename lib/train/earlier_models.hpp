// Which trained generators another training may begin with.
#pragma once

#include "nn/generator.hpp"

namespace gdm::train {

/// Whether the weights of a generator `trained` can be taken over by one of `config`: the same but for the patch, and
/// at most as many noise channels. Throws Error, without the name of the file.
void require_start(const nn::GeneratorConfig& trained, const nn::GeneratorConfig& config);

/// Whether a flow or a bridge of `config` can begin with the output of `base`: of the same task and inputs, one output
/// for each input, and no data consistency behind it. Throws Error, without the name of the file.
void require_source(const nn::LoadedGenerator& base, const nn::GeneratorConfig& config);

}  // namespace gdm::train
