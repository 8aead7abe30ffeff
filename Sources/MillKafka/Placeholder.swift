import CRdKafka
import MillBase
import MillLog
