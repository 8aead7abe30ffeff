import Millrace

print("millrace")
