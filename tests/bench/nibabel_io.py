"""Times nibabel for io_bench: FOLDER/ct.nii and FOLDER/ct.nii.gz (by zlib) are read as float32 and written as int16.
Prints "NAME MEDIAN LEAST" in seconds for each; the time of a run is the process's wall clock around the call alone."""
import statistics
import sys
import time

import nibabel
import numpy

folder, runs = sys.argv[1], int(sys.argv[2])


def read(name):
    return numpy.asarray(nibabel.load(f"{folder}/{name}").dataobj).astype(numpy.float32)


source = nibabel.load(f"{folder}/ct.nii")
voxels = read("ct.nii")


def write(name):
    image = nibabel.Nifti1Image(voxels.astype(numpy.int16), source.affine)
    image.header.set_data_dtype(numpy.int16)
    nibabel.save(image, f"{folder}/{name}")


def timed(call, name, runs):
    times = []
    for _ in range(runs):
        start = time.perf_counter()
        call(name)
        times.append(time.perf_counter() - start)
    return f"{statistics.median(times)} {min(times)}"


print("read-gz", timed(read, "ct.nii.gz", runs))
print("write-gz", timed(write, "nibabel.nii.gz", max(1, runs // 3)))
print("read-plain", timed(read, "ct.nii", runs))
print("write-plain", timed(write, "nibabel.nii", runs))
