#include <itkImage.h>
#include <itkImageFileReader.h>
#include <itkImageFileWriter.h>
#include <itkNiftiImageIO.h>

#include <algorithm>

#include "rivals.hpp"

namespace gdm_bench {

void itk_write(const std::filesystem::path& path, const gdm::Volume& volume) {
  using Image = itk::Image<short, 3>;
  const auto image = Image::New();
  Image::SizeType size;
  for (unsigned a = 0; a < 3; ++a) size[a] = static_cast<itk::SizeValueType>(volume.grid.shape_ijk[a]);
  image->SetRegions(size);
  image->Allocate();
  std::transform(volume.voxels.begin(), volume.voxels.end(), image->GetBufferPointer(),
                 [](float value) { return static_cast<short>(value); });
  const auto writer = itk::ImageFileWriter<Image>::New();
  writer->SetImageIO(itk::NiftiImageIO::New());
  writer->SetFileName(path.string());
  writer->SetUseCompression(path.extension() == ".gz");
  writer->SetInput(image);
  writer->Update();
}

float itk_read(const std::filesystem::path& path) {
  using Image = itk::Image<float, 3>;
  const auto reader = itk::ImageFileReader<Image>::New();
  reader->SetImageIO(itk::NiftiImageIO::New());
  reader->SetFileName(path.string());
  reader->Update();
  return reader->GetOutput()->GetBufferPointer()[0];
}

}  // namespace gdm_bench
