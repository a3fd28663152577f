#include "cli/recon_geometry.hpp"

#include <fmt/format.h>

#include <memory>

#include "cli/sinogram_options.hpp"
#include "cli/values.hpp"
#include "ct/geometry_file.hpp"
#include "ct/geometry_picture.hpp"
#include "io/json.hpp"
#include "picture/png.hpp"
#include "sys/descriptor.hpp"
#include "sys/error.hpp"
#include "sys/log.hpp"

namespace gdm::cli {
namespace {

struct GeometryCommand {
  GeometryFile input;
  fs::path png;
};

Json report_of(const ct::PosedScan& scan) {
  const ct::ScanFigures figures = ct::figures_of(scan);
  return {{"geometry", ct::geometry_to_json(scan.geometry())},
          {"views", scan.view_count()},
          {"magnification", figures.magnification},
          {"field_of_view_radius_mm", figures.field_of_view_radius_mm},
          {"extended_radius_mm", figures.extended_radius_mm},
          {"field_of_view_height_mm", figures.field_of_view_height_mm},
          {"voxel_mm", {figures.voxel_across_mm, figures.voxel_across_mm, figures.voxel_along_mm}}};
}

std::string report_text(const ct::PosedScan& scan) {
  const ct::Geometry& g = scan.geometry();
  const ct::ScanFigures f = ct::figures_of(scan);
  std::string text =
      fmt::format("kind                    {}{}\n", ct::scan_kind_names()[static_cast<std::size_t>(g.kind)],
                  g.curved_detector ? ", curved detector" : "");
  text += fmt::format("views                   {}\n", scan.view_count());
  text += fmt::format("detector                {} columns, {} rows\n", g.detector_columns, g.detector_rows);
  text += fmt::format("magnification           {:.4g}\n", f.magnification);
  text += fmt::format("field of view           radius {:.4g} mm, height {:.4g} mm\n", f.field_of_view_radius_mm,
                      f.field_of_view_height_mm);
  if (f.extended_radius_mm > 1.05 * f.field_of_view_radius_mm) {
    text += fmt::format("seen from one side      radius {:.4g} mm (offset detector)\n", f.extended_radius_mm);
  }
  text += fmt::format("recommended voxel size  {:.4g} x {:.4g} x {:.4g} mm\n", f.voxel_across_mm, f.voxel_across_mm,
                      f.voxel_along_mm);
  if (!g.isocenter_mm) return text + "isocentre               the volume's centre\n";
  const Point3& p = *g.isocenter_mm;
  return text +
         fmt::format("isocentre               ({:.4g}, {:.4g}, {:.4g}) mm in the world frame\n", p[0], p[1], p[2]);
}

int run_geometry(const Program& program, const GeometryCommand& command) {
  if (!command.png.empty()) check_writable(command.png, program.standard().overwrite());
  const ct::Geometry geometry = read_geometry_file(command.input);
  const ct::PosedScan scan = with_context(command.input.path.string(), [&] {
    return ct::PosedScan(geometry, {0, 0, 0});
  });
  if (!command.png.empty()) {
    if (fs::exists(command.png) && fs::equivalent(command.png, command.input.path)) {
      throw Error("--png: '" + command.png.string() + "' is the geometry itself", Exit::usage);
    }
    picture::write_png(command.png, ct::picture_of(scan), program.standard().overwrite());
  }
  if (!(ct::figures_of(scan).field_of_view_radius_mm > 0)) {
    log_warning(command.input.path.string() +
                ": there is no field of view, as some views do not see the axis: is the detector's offset right?");
  }
  write_stdout(program.standard().json ? json_text(report_of(scan)) + "\n" : report_text(scan));
  return 0;
}

}  // namespace

void add_geometry_command(Program& program) {
  const auto command = std::make_shared<GeometryCommand>();
  CLI::App& app =
      program.command("geometry", "Check a geometry file: what its scan sees, how finely, and a drawing of it",
                      has_json | has_output, [&program, command] { return run_geometry(program, *command); });
  app.add_option("input", command->input.path, "Geometry in JSON, or a circular geometry of RTK in XML")
      ->required()
      ->type_name("FILE");
  app.add_option("--png", command->png, "Drawing to write")->check(ends_in(".png"))->type_name("FILE");
  add_detector_options(app, command->input);
  app.footer("Example:\n  gdm-recon geometry scan.json --png scan.png");
}

}  // namespace gdm::cli
