#!/usr/bin/env bash
# gdm-prep crop and qc: the box around the body, voxels untouched and in their places; pictures of all cases.
set -euo pipefail
. "$(dirname "$0")/../scratch.bash" "$1"
gdm-phantom -q -o set --count 2 --shape 32 --spacing 9 --seed 3
gdm-prep crop set/manifest.json -o out --margin 9 >pipe.json 2>err.txt || fail "$(cat err.txt)"
for case in head0001 head0002; do
  gdm-prep resample -q -f set/${case}_ct.nii.gz --like out/$case/ct.nii.gz -o same.nii.gz
  volume-diff same.nii.gz out/$case/ct.nii.gz >/dev/null || fail "voxels of $case have moved"
  gdm-prep resample -q -f out/$case/mask.nii.gz --like set/${case}_mask.nii.gz -o back.nii.gz --kind mask
  volume-diff back.nii.gz set/${case}_mask.nii.gz >diff.txt || fail "the mask of $case was cut: $(cat diff.txt)"
done
gdm-prep info --check out/manifest.json >/dev/null || fail "the new set is not whole"
# The margin is there and no more: cut again to the mask itself, each axis loses one voxel on each side.
gdm-prep crop -q set/manifest.json -o tight --margin 0 >/dev/null
shape() { gdm-prep info "$1" | sed -n 's/ *grid *\([0-9]* x [0-9]* x [0-9]*\) .*/\1/p'; }
read -r a _ b _ c <<<"$(shape out/head0001/ct.nii.gz)"
# The neck reaches the border of the volume, so that there is no voxel to be had below it.
[ "$(shape tight/head0001/ct.nii.gz)" = "$((a - 2)) x $((b - 2)) x $((c - 1))" ] ||
  fail "margins: $(shape out/head0001/ct.nii.gz) and $(shape tight/head0001/ct.nii.gz)"
gdm-prep crop -q set/head0001_ct.nii.gz -o one.nii.gz --mask set/head0001_mask.nii.gz --margin 9
volume-diff one.nii.gz out/head0001/ct.nii.gz >/dev/null || fail "one volume is cropped to another box"
gdm-prep crop -q set/head0001_mr.nii.gz -o mr.nii.gz
gdm-phantom -q -o other --count 1 --shape 30 --spacing 9 --seed 3
refused 1 'other grid' gdm-prep crop set/head0001_ct.nii.gz -o no.nii.gz --mask other/head0001_mask.nii.gz
refused 2 'mask is for one volume' gdm-prep crop set/manifest.json -o no --mask set/head0001_mask.nii.gz
refused 2 'name of a file' gdm-prep crop - -o no.nii.gz
refused 1 'exists' gdm-prep crop set/manifest.json -o out

# Volumes by their roles: a prediction is cut as the target is, labels keep their type, an input called ct is not taken
# for the target, and what is not on the grid ends it.
python3 - <<'P'
import json
m = json.load(open('set/manifest.json'))
c = m['cases'][0]
m['cases'] = [c]
c['prediction'] = 'head0001_ct.nii.gz'
c['inputs'].update({'labels': 'head0001_mask.nii.gz', 'ct': 'head0002_ct.nii.gz'})
json.dump(m, open('set/roles.json', 'w'))
del c['mask']
json.dump(m, open('set/maskless.json', 'w'))
c['prediction'] = '../other/head0001_ct.nii.gz'
json.dump(m, open('set/apart-prediction.json', 'w'))
P
gdm-prep crop -q set/roles.json -o roles --margin 9 >pipe.json
gdm-prep info --check roles/manifest.json >/dev/null || fail "roles: the new set is not whole"
for name in prediction target_ct; do
  volume-diff roles/head0001/$name.nii.gz out/head0001/ct.nii.gz >/dev/null || fail "$name is not cut as the target is"
done
! volume-diff roles/head0001/ct.nii.gz out/head0001/ct.nii.gz >/dev/null || fail "the input ct is the target"
gdm-prep info roles/head0001/labels.nii.gz | found 'stored *uint8' || fail "labels: $(gdm-prep info roles/head0001/labels.nii.gz)"
gdm-prep crop -q set/maskless.json -o maskless --margin 9 >/dev/null
[ "$(shape maskless/head0001/prediction.nii.gz)" = "$(shape maskless/head0001/target_ct.nii.gz)" ] || fail "the target's body"
refused 1 'prediction\|other grid' gdm-prep crop set/apart-prediction.json -o no
gdm-prep qc set/roles.json -o by-role -q && [ -s by-role/head0001.png ] || fail "qc of all roles"

gdm-prep qc out/manifest.json -o look 2>err.txt || fail "qc: $(cat err.txt)"
[ "$(cd look && echo *)" = 'contact.png head0001.png head0002.png' ] || fail "pictures: $(ls look)"
python3 - <<'P'
import struct
def size(name):
    data = open(name, 'rb').read()
    assert data[:8] == b'\x89PNG\r\n\x1a\n', name
    return struct.unpack('>2I', data[16:24])
w, h = size('look/head0001.png')
assert w == 1000 and h > 500, (w, h)
w, h = size('look/contact.png')
assert w > 600, (w, h)
P
refused 1 'exists' gdm-prep qc out/manifest.json -o look
refused 2 'a folder' gdm-prep qc out/manifest.json -o -
# Volumes that do not fit are the thing to be seen.
python3 -c 'import json
m = json.load(open("set/manifest.json")); c = m["cases"][0]
c["inputs"]["mr"] = "../other/head0001_mr.nii.gz"; m["cases"] = [c]; json.dump(m, open("set/apart.json", "w"))'
gdm-prep qc set/apart.json -o apart 2>err.txt || fail "qc: $(cat err.txt)"
grep -q 'lies on another grid' err.txt || fail "another grid goes unsaid: $(cat err.txt)"
# Voxels without a finite value have a colour of their own and take no part in the windows; nor has a volume that has no
# other.
python3 - <<'P'
import gzip, json, struct
def floats(name, change):
    data = bytearray(gzip.open(name).read())
    n = (len(data) - 352) // 2
    v = change([float(x) for x in struct.unpack_from('<%dh' % n, data, 352)])
    struct.pack_into('<2h', data, 70, 16, 32)
    return bytes(data[:352]) + struct.pack('<%df' % n, *v)
def some(v):
    for at in range(0, len(v), 7): v[at] = [float('nan'), float('inf'), -float('inf')][at % 3]
    return v
open('set/some.nii', 'wb').write(floats('set/head0001_mr.nii.gz', some))
open('set/some_ct.nii', 'wb').write(floats('set/head0001_ct.nii.gz', some))
open('set/all.nii', 'wb').write(floats('set/head0001_mr.nii.gz', lambda v: [float('nan')] * len(v)))
m = json.load(open('set/manifest.json'))
m['cases'] = [{'id': 'some', 'inputs': {'mr': 'some.nii', 'all': 'all.nii'}, 'target': 'some_ct.nii'},
              {'id': 'image', 'inputs': {'mr': 'some.nii'}}, {'id': 'none', 'inputs': {'mr': 'all.nii'}}]
json.dump(m, open('set/nan.json', 'w'))
P
gdm-prep qc set/nan.json -o nan -q || fail "qc of volumes that are not finite"
python3 - <<'P'
import struct, zlib
def pixels(name):
    data, at, parts, kinds = open(name, 'rb').read(), 8, b'', {}
    while at < len(data):
        size, kind = struct.unpack('>I4s', data[at:at + 8])
        kinds.setdefault(kind, data[at + 8:at + 8 + size])
        if kind == b'IDAT': parts += data[at + 8:at + 8 + size]
        at += 12 + size
    return kinds, zlib.decompress(parts)
for name in ('some', 'image', 'none', 'contact'):
    kinds, _ = pixels('nan/%s.png' % name)
    assert kinds[b'IHDR'][8] in (8, 4, 2, 1), name
    if name != 'contact' and b'PLTE' in kinds:
        colours = {kinds[b'PLTE'][n:n + 3] for n in range(0, len(kinds[b'PLTE']), 3)}
        assert b'\xff\x00\xff' in colours, (name, 'the colour of no value is not there')
P
# An empty mask is said and not drawn with; a shard has a sheet of its own; a missing file stops all before any picture.
python3 - <<'P'
import gzip, json
data = bytearray(gzip.open('set/head0001_mask.nii.gz').read())
open('set/none.nii', 'wb').write(data[:352] + bytes(len(data) - 352))
m = json.load(open('set/manifest.json'))
m['cases'][0]['mask'] = 'none.nii'
json.dump(m, open('set/none.json', 'w'))
m['cases'][1]['target'] = 'nowhere.nii'
json.dump(m, open('set/gone.json', 'w'))
P
gdm-prep qc set/none.json -o none --shard 1/2 2>err.txt && grep -q 'the mask is empty' err.txt || fail "empty mask: $(cat err.txt)"
gdm-prep qc set/none.json -o none --shard 2/2 -q
[ "$(cd none && echo *)" = 'contact-1-of-2.png contact-2-of-2.png head0001.png head0002.png' ] || fail "shards: $(ls none)"
refused 1 'nowhere.nii: no such file' gdm-prep qc set/gone.json -o gone
code=0; gdm-prep qc set/gone.json -o gone --keep-going -n 2>err.txt || code=$?
[ $code = 3 ] && grep -q 'nowhere.nii: no such file' err.txt || fail "exit $code, and $(cat err.txt)"
[ ! -e gone ] || fail "pictures of a set that is not whole"
