#include "cli/phantom_options.hpp"

#include <fmt/format.h>

#include "cli/option_table.hpp"
#include "sys/error.hpp"
#include "sys/names.hpp"

namespace gdm::cli {
namespace {

void declare_anatomy(CLI::App& app, PhantomOptions& options) {
  app.add_option("--count", options.count, "Number of cases")->transform(range(1, 9999))->type_name("N");
  takes_one_of(app.add_option("--kind", options.kind, "Anatomy"), phantom::kind_names());
  app.add_option("--shape", options.shape, "Voxels along each edge")->transform(range(16, 512))->type_name("N");
  app.add_option("--spacing", options.spacing_mm, "Edge of a voxel in mm")
      ->transform(range(0.01, 100.0))
      ->type_name("MM");
  app.add_option("--labels", options.labels, "Cases from the label maps (inputs named labels) of this manifest")
      ->type_name("MANIFEST");
  app.add_option("--variants", options.variants,
                 "Cases from each label map, each with a deformation and looks of its own")
      ->transform(range(1, 999))
      ->type_name("N");
  app.add_option("--deformation", options.deformation_mm,
                 "Root mean square of the displacement by which label maps are deformed; 0: none")
      ->transform(range(0.0, 8.0))
      ->type_name("MM");
  app.add_option("--tissues", options.tissues, "Another table of tissues than share/gdm/tissues.json")
      ->type_name("FILE");
}

void declare_mr(CLI::App& app, PhantomOptions& options) {
  takes_one_of(app.add_option("--sequence", options.sequence, "Spin echo or spoiled gradient echo (FLASH)"),
               names_of<phantom::Sequence>());
  app.add_option("--tr", options.tr_ms, "Repetition time in ms; without it 500 (se) or 25 (spgr)")
      ->transform(range(0.1, 100000.0))
      ->type_name("MS");
  app.add_option("--te", options.te_ms, "Echo time in ms; without it 12 (se) or 5 (spgr)")
      ->transform(range(0.01, 10000.0))
      ->type_name("MS");
  app.add_option("--flip", options.flip_deg, "Flip angle of spgr in degrees; without it 30")
      ->transform(range(0.1, 90.0))
      ->type_name("DEG");
  takes_one_of(app.add_option("--field-strength", options.field_strength, "Tesla, for the relaxation times"),
               names_of<phantom::FieldStrength>());
  app.add_option("--snr", options.snr,
                 "Brightest tissue to the noise of one channel; without it 45 to 100, drawn for each case")
      ->transform(range(0.5, 10000.0))
      ->type_name("RATIO");
  app.add_option("--thickness", options.thickness_mm, "Thickness of MR slices in mm, put back on the grid of the CT")
      ->transform(range(0.01, 100.0))
      ->type_name("MM");
  app.add_flag("--susceptibility", options.susceptibility, "Signal voids at air and bone; of spgr");
}

void declare_ct(CLI::App& app, PhantomOptions& options) {
  app.add_option("--metal", options.metal, "Implants in bone, with their streaks in the CT")
      ->transform(range(0, 20))
      ->type_name("N");
  app.add_flag("--beam-hardening", options.beam_hardening, "Dark bands between dense bones in the CT");
  app.add_option("--misregistration", options.misregistration_mm,
                 "Root mean square of the displacement between MR and CT, half of it rigid; 0: none")
      ->transform(range(0.0, 15.0))
      ->type_name("MM");
  app.add_flag("--truth", options.truth, "Also write tissues, bone, air, the noise-free CT and the expected CT");
}

}  // namespace

void declare(CLI::App& app, PhantomOptions& options) {
  app.add_option("-o,--output", options.folder, "Folder for the volumes and manifest.json")
      ->required()
      ->type_name("DIR");
  declare_anatomy(app, options);
  declare_mr(app, options);
  declare_ct(app, options);
}

void refuse_useless(const CLI::App& app, const PhantomOptions& options) {
  const auto refuse = [&](const std::string& name, const std::string& why) {
    if (is_given(app, name)) throw Error(fmt::format("--{} is of no use {}", name, why), Exit::usage);
  };
  if (options.from_labels()) {
    for (const char* name : {"count", "kind", "shape"}) refuse(name, "with --labels: the label maps decide");
  } else {
    for (const char* name : {"variants", "deformation"}) refuse(name, "without --labels");
  }
  if (options.sequence == "se") refuse("flip", "with --sequence se, whose pulses are 90 and 180 degrees");
  if (options.thickness_mm && *options.thickness_mm <= options.spacing_mm) {
    refuse("thickness", fmt::format("unless slices are thicker than the voxels of {} mm", options.spacing_mm));
  }
}

phantom::Protocol protocol_of(const PhantomOptions& options) {
  phantom::Protocol protocol;
  phantom::Timing& timing = protocol.mr.timing;
  timing.sequence = value_named<phantom::Sequence>(options.sequence);
  const bool spin_echo = timing.sequence == phantom::Sequence::se;
  timing.tr_ms = options.tr_ms.value_or(spin_echo ? 500 : 25);
  timing.te_ms = options.te_ms.value_or(spin_echo ? 12 : 5);
  timing.flip_deg = options.flip_deg.value_or(spin_echo ? 90 : 30);
  protocol.mr.field = value_named<phantom::FieldStrength>(options.field_strength);
  protocol.mr.snr = options.snr;
  protocol.mr.thickness_mm = options.thickness_mm.value_or(0);
  protocol.mr.susceptibility = options.susceptibility;
  protocol.ct.metal = options.metal;
  protocol.ct.beam_hardening = options.beam_hardening;
  protocol.misregistration_mm = options.misregistration_mm;
  check(protocol);
  return protocol;
}

Json json_of(const phantom::Protocol& protocol) {
  Json json = {{"sequence", name_of(protocol.mr.timing.sequence)},
               {"tr_ms", protocol.mr.timing.tr_ms},
               {"te_ms", protocol.mr.timing.te_ms},
               {"flip_deg", protocol.mr.timing.flip_deg},
               {"field_strength_t", tesla(protocol.mr.field)}};
  if (protocol.mr.snr) json["snr"] = *protocol.mr.snr;
  if (protocol.mr.thickness_mm > 0) json["thickness_mm"] = protocol.mr.thickness_mm;
  if (protocol.mr.susceptibility) json["susceptibility"] = true;
  if (protocol.ct.metal > 0) json["metal"] = protocol.ct.metal;
  if (protocol.ct.beam_hardening) json["beam_hardening"] = true;
  if (protocol.misregistration_mm > 0) json["misregistration_mm"] = protocol.misregistration_mm;
  return json;
}

}  // namespace gdm::cli
