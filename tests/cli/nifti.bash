# Small NIfTI-1 volumes without any tool: write_nifti FILE NI NJ NK TYPE BODY BORDER, where TYPE is int16 or float32
# and BODY and BORDER are bash arithmetic in i, j, k that give HU (int16) or the bits of a float (float32). The border
# is two voxels wide along i and j.

little_endian() {  # VALUE BYTES
  local value=$1 n
  for ((n = 0; n < $2; ++n)); do printf '\\x%02x' $((value >> (8 * n) & 255)); done
}

write_nifti() {
  local file=$1 ni=$2 nj=$3 nk=$4 type=$5 body=$6 border=$7 i j k text bytes=2 code=4 n
  if [ "$type" = float32 ]; then bytes=4 code=16; fi
  local one=$((0x3f800000)) minus=$((0xbf800000))
  text=$(little_endian 348 4)$(printf '\\x00%.0s' {1..36})
  for n in 3 "$ni" "$nj" "$nk" 1 1 1 1; do text+=$(little_endian "$n" 2); done
  text+=$(printf '\\x00%.0s' {1..14})$(little_endian $code 2)$(little_endian $((8 * bytes)) 2)'\x00\x00'
  for n in 1 2 3 4 5 6 7 8; do text+=$(little_endian $one 4); done
  text+=$(little_endian $((0x43b00000)) 4)$(little_endian $one 4)$(printf '\\x00%.0s' {1..136})'\x00\x00\x01\x00'
  text+=$(printf '\\x00%.0s' {1..24})
  for n in $minus 0 0 0 0 $one 0 0 0 0 $one 0; do text+=$(little_endian "$n" 4); done
  text+=$(printf '\\x00%.0s' {1..16})'n+1\x00\x00\x00\x00\x00'
  for ((k = 0; k < nk; ++k)); do
    for ((j = 0; j < nj; ++j)); do
      for ((i = 0; i < ni; ++i)); do
        if ((i < 2 || j < 2 || i >= ni - 2 || j >= nj - 2)); then n=$((border)); else n=$((body)); fi
        if ((bytes == 2)); then
          printf -v n '\\x%02x\\x%02x' $((n & 255)) $((n >> 8 & 255))
        else
          printf -v n '\\x%02x\\x%02x\\x%02x\\x%02x' $((n & 255)) $((n >> 8 & 255)) $((n >> 16 & 255)) $((n >> 24 & 255))
        fi
        text+=$n
      done
    done
  done
  printf "$text" >"$file"
}
