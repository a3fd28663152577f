// Inspections as text and JSON.
#include <algorithm>

#include "prep/inspect.hpp"

namespace gdm::prep {
namespace {

Json messages(const Inspection& inspection, bool problems) {
  Json texts = Json::array();
  for (const Notice& notice : inspection.notices) {
    if (notice.problem == problems) texts.push_back(notice.text);
  }
  return texts;
}

std::string block(const Inspection& inspection) {
  std::vector<Row> lines;
  for (const Row& fact : inspection.facts) lines.push_back({"  " + fact[0], fact[1]});
  std::string text = inspection.name + ": " + inspection.kind + "\n" + aligned(lines, 2);
  if (!inspection.table.empty()) text += "\n" + aligned(inspection.table, 1, inspection.table[0].size() - 2);
  return text;
}

std::string volume_table(const std::vector<const Inspection*>& volumes) {
  Row titles = volume_titles();
  titles.insert(titles.end(), {"mask", "type", "file"});
  std::vector<Row> rows{titles};
  for (const Inspection* volume : volumes) rows.push_back(volume->volume_row);
  return aligned(rows, 0, titles.size() - 2);
}

}  // namespace

std::string inspections_text(const std::vector<Inspection>& inspections) {
  std::vector<std::string> parts;
  std::vector<const Inspection*> volumes;
  const auto end_volumes = [&] {
    if (volumes.size() == 1) parts.push_back(block(*volumes.front()));
    if (volumes.size() > 1) parts.push_back(volume_table(volumes));
    volumes.clear();
  };
  for (const Inspection& inspection : inspections) {
    if (inspection.kind.empty()) continue;
    if (!inspection.volume_row.empty()) {
      volumes.push_back(&inspection);
      continue;
    }
    end_volumes();
    parts.push_back(block(inspection));
  }
  end_volumes();
  std::string text;
  for (const std::string& part : parts) text += (text.empty() ? "" : "\n") + part;
  return text;
}

Json inspections_json(const std::vector<Inspection>& inspections) {
  Json files = Json::array();
  for (const Inspection& inspection : inspections) {
    Json json = {{"file", inspection.name}, {"kind", inspection.kind.empty() ? Json(nullptr) : Json(inspection.kind)}};
    if (!inspection.kind.empty()) json.update(inspection.json);
    json["problems"] = messages(inspection, true);
    json["warnings"] = messages(inspection, false);
    files.push_back(std::move(json));
  }
  const bool good = std::none_of(inspections.begin(), inspections.end(), [](const auto& i) { return i.failed(); });
  return {{"files", files}, {"good", good}};
}

}  // namespace gdm::prep
