#include "nn/device.hpp"

#include <doctest/doctest.h>

#include "nn/plain_errors.hpp"

using gdm::nn::CudaState;
using gdm::nn::device_from_text;

namespace {

std::string refusal(const std::string& device, const CudaState& cuda) {
  try {
    device_from_text(device, cuda);
  } catch (const gdm::Error& error) {
    return error.what();
  }
  return "";
}

}  // namespace

TEST_CASE("device: what is not there is refused with the reason") {
  const CudaState cpu_build{false, 0, ""}, no_driver{true, 0, "CUDA initialization: Found no NVIDIA driver"};
  const CudaState one{true, 1, ""}, two{true, 2, ""};
  CHECK(device_from_text("cpu", two).is_cpu());
  CHECK(device_from_text("auto", cpu_build).is_cpu());
  CHECK(device_from_text("auto", no_driver).is_cpu());
  CHECK(device_from_text("auto", two).is_cuda());
  CHECK(device_from_text("cuda:1", two).index() == 1);
  CHECK(refusal("cuda", cpu_build) == "--device cuda: this LibTorch is built without CUDA");
  CHECK(refusal("cuda:0", no_driver) ==
        "--device cuda:0: no CUDA device answers (CUDA initialization: Found no NVIDIA driver)");
  CHECK(refusal("cuda", {true, 0, ""}) == "--device cuda: no CUDA device answers (no driver, or no device)");
  CHECK(refusal("cuda:7", one) == "--device cuda:7: the only CUDA device is cuda:0");
  CHECK(refusal("cuda:7", two) == "--device cuda:7: the last of 2 CUDA devices is cuda:1");
  CHECK(gdm::nn::choice_of_auto(two) == "--device auto: cuda:0, the first of 2 devices");
  CHECK(gdm::nn::choice_of_auto(cpu_build) == "--device auto: the CPU, as this LibTorch is built without CUDA");
}

TEST_CASE("plain errors: one line, and where memory lacked the remedy") {
  const auto plain = [](const char* text) { return gdm::nn::plain_message(text, "less helps"); };
  CHECK(plain("CUDA out of memory. Tried to allocate 20.00 GiB (GPU 0; 11.17 GiB total capacity; 1 MiB free)") ==
        "network: out of memory on the CUDA device, 20.00 GiB more were needed: less helps");
  CHECK(plain("CUDA out of memory. Tried to allocate 2.50 GiB. GPU 0 has a total capacity of 79.10 GiB of which") ==
        "network: out of memory on the CUDA device, 2.50 GiB more were needed: less helps");
  CHECK(plain("[enforce fail at alloc_cpu.cpp:66] . DefaultCPUAllocator: can't allocate memory: you tried to allocate "
              "4096 bytes. Error code 12 (Cannot allocate memory)") ==
        "network: out of memory, 4096 bytes more were needed: less helps");
  CHECK(plain("cuDNN error: CUDNN_STATUS_ALLOC_FAILED") == "network: out of memory on the CUDA device: less helps");
  CHECK(plain("CUDA error: no kernel image is available for execution on the device\nCUDA kernel errors might be") ==
        "network: CUDA error: no kernel image is available for execution on the device");
}

TEST_CASE("plain errors: LibTorch's own lack of memory is recognised") {
  CHECK_THROWS_WITH_AS(gdm::nn::with_plain_errors("less helps", [] { torch::empty({std::int64_t{1} << 46}); }),
                       doctest::Contains("out of memory, 281474976710656 bytes more were needed: less helps"),
                       gdm::Error);
}

TEST_CASE("device: a guard of the arithmetic leaves TF32 as it was") {
  using gdm::engine::Precision;
  const bool before = gdm::nn::tf32_allowed();
  for (const bool allowed : {false, true}) {
    gdm::nn::set_tf32(allowed);
    for (const auto precision : {Precision::tf32, Precision::fp32, Precision::bf16}) {
      const gdm::nn::ArithmeticGuard guard(precision, torch::kCPU);
      CHECK(gdm::nn::tf32_allowed() == (precision == Precision::tf32));
    }
    CHECK(gdm::nn::tf32_allowed() == allowed);
  }
  gdm::nn::set_tf32(before);
}
