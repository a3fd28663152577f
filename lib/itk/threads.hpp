// ITK with one thread.
#pragma once

#include <itkMultiThreaderBase.h>

namespace gdm::itk_part {

/// Sums of ITK's threads depend on how the work is cut and on which ends first: transforms differ in their last digits
/// from run to run, and N4's field by several percent between one thread and two (ITK 5.2). The same input shall give
/// the same output, so what runs in parallel here is whole problems, by gdm's own loops.
inline void use_one_thread() {
  itk::MultiThreaderBase::SetGlobalMaximumNumberOfThreads(1);
  itk::MultiThreaderBase::SetGlobalDefaultNumberOfThreads(1);
}

}  // namespace gdm::itk_part
