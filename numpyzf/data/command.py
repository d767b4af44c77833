"""The command `numpyzf data`."""
from .. import data


def run_data(options):
    """Print the data sets, where they are, and what else comes along."""
    for name, what, where in data.available():
        print(f"{name:20}  {what}")
        print(f"{'':20}  {where or 'not here; downloaded when first loaded'}")
    print(f"{'photographs':20}  a dozen, for explain and features: "
          f"{', '.join(data.examples())}")
    print(f"{'':20}  {data.PHOTOGRAPHS}")
    print(f"{'FOLDER':20}  any folder with a sub-folder of images per class, or with train/ and "
          "test/ of that kind")
    print(f"\nDownloads are kept in {data.cache_folder()}; set NUMPYZF_CACHE to choose another "
          "folder.")
