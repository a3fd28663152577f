// The entry that engine/itk.cpp finds in libgdm-itk.
#include <string_view>

#include "engine/itk.hpp"
#include "itk/bias_field.hpp"
#include "itk/dicom_reader.hpp"
#include "itk/dicom_writer.hpp"
#include "itk/registration.hpp"
#include "itk/structures.hpp"
#include "sys/version.hpp"

/// The services, or null if `door` is not the fingerprint of the headers that this library was built with.
extern "C" const gdm::engine::ItkServices* gdm_itk_functions(const char* door) {
  using namespace gdm;
  static const engine::ItkServices functions{itk_part::read_dicom_header,
                                             itk_part::read_dicom_pixels,
                                             itk_part::write_dicom_series,
                                             itk_part::register_volumes,
                                             itk_part::place,
                                             itk_part::read_structures,
                                             itk_part::bias_field};
  return std::string_view(door) == GDM_DOOR ? &functions : nullptr;
}
