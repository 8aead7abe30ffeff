import MillBase
