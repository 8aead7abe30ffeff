import MillArchive
import MillBase
import Synchronization

/// Time zones by the names Spark takes, each read once.
enum ZoneCache {
  private static let known = Mutex<[String: ZoneRules]>([:])

  static func rules(_ name: String) throws(Failure) -> ZoneRules {
    if let rules = known.withLock({ $0[name] }) { return rules }
    // Java's offsets go to 18 hours, and its names are those without a folder for leap seconds.
    guard !name.isEmpty, !["/", "posix/", "right/"].contains(where: { name.hasPrefix($0) }),
      let rules = try? ZoneRules(named: shortNames[name] ?? name), abs(rules.offset(at: 0)) <= 18 * 3600
    else {
      throw Failure(
        "[INVALID_TIMEZONE] The timezone: \(name) is invalid. The timezone must be either a region-based zone ID or a "
          + "zone offset. SQLSTATE: 22009")
    }
    known.withLock { $0[name] = rules }
    return rules
  }

  /// The moment of a clock's reading, in microseconds: the earlier one when the clock shows it twice, as if not put
  /// forward yet when it shows it never.
  static func instant(ofLocal local: Int64, _ zone: ZoneRules) -> Int64 {
    let seconds = local.flooredDivision(by: 1_000_000)
    let before = Int64(zone.offset(at: seconds - 86_400))
    let after = Int64(zone.offset(at: seconds + 86_400))
    for offset in [before, after] where Int64(zone.offset(at: seconds - offset)) == offset {
      return local - offset * 1_000_000
    }
    return local - before * 1_000_000
  }

  /// Java's ZoneId.SHORT_IDS.
  private static let shortNames = [
    "ACT": "Australia/Darwin", "AET": "Australia/Sydney", "AGT": "America/Argentina/Buenos_Aires",
    "ART": "Africa/Cairo", "AST": "America/Anchorage", "BET": "America/Sao_Paulo", "BST": "Asia/Dhaka",
    "CAT": "Africa/Harare", "CNT": "America/St_Johns", "CST": "America/Chicago", "CTT": "Asia/Shanghai",
    "EAT": "Africa/Addis_Ababa", "ECT": "Europe/Paris", "EST": "-05:00", "HST": "-10:00",
    "IET": "America/Indiana/Indianapolis", "IST": "Asia/Kolkata", "JST": "Asia/Tokyo", "MIT": "Pacific/Apia",
    "MST": "-07:00", "NET": "Asia/Yerevan", "NST": "Pacific/Auckland", "PLT": "Asia/Karachi",
    "PNT": "America/Phoenix", "PRT": "America/Puerto_Rico", "PST": "America/Los_Angeles",
    "SST": "Pacific/Guadalcanal", "VST": "Asia/Ho_Chi_Minh",
  ]
}
