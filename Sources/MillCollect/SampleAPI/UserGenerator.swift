import MillBase

/// Makes users in the shape of RandomUser 1.4, always the same ones for the same seed and page.
struct UserGenerator {
  /// `results` of one page; the API's own limit is 5,000.
  static let resultsMax = 5000

  private var random: SeededGenerator
  /// Milliseconds since 1970: ages are as of then.
  private let now: Int64

  init(seed: String, page: Int, now: Int64 = Clock.nowMilliseconds()) {
    random = SeededGenerator(text: "\(seed)/\(page)")
    self.now = now
  }

  /// A user, and its `login.uuid`.
  mutating func user() -> (json: JSONValue, uuid: String) {
    let nationality = random.pick(UserNationality.all)
    let isMale = random.number(0...1) == 0
    let first = random.pick(isMale ? nationality.men : nationality.women)
    let last = random.pick(nationality.last)
    let birth = moment(from: (1944, 9), to: (2000, 12))
    let registered = moment(from: (2002, 4), to: (2022, 5))
    let username = "\(random.pick(Self.adjectives))\(random.pick(Self.animals))\(random.number(100...999))"
    let (login, uuid) = login(username)
    let hasId = !nationality.idName.isEmpty
    let user: JSONValue = [
      "gender": isMale ? "male" : "female",
      "name": ["title": .string(title(isMale, nationality)), "first": .string(first), "last": .string(last)],
      "location": location(nationality),
      "email": .string("\(Self.mailbox(first, last) ?? username)@example.com"),
      "login": login,
      "dob": ["date": .string(Clock.iso8601(milliseconds: birth)), "age": .integer(years(since: birth))],
      "registered": [
        "date": .string(Clock.iso8601(milliseconds: registered)), "age": .integer(years(since: registered)),
      ],
      "phone": .string(random.fill(nationality.phone)),
      "cell": .string(random.fill(nationality.cell)),
      "id": [
        "name": .string(nationality.idName), "value": hasId ? .string(random.fill(nationality.idValue)) : .null,
      ],
      "picture": picture(isMale),
      "nat": .string(nationality.code),
    ]
    return (user, uuid)
  }

  private mutating func title(_ isMale: Bool, _ nationality: UserNationality) -> String {
    let isFrench = nationality.code == "FR" || nationality.code == "CH"
    if isFrench, random.number(0...1) == 0 { return isMale ? "Monsieur" : random.pick(["Madame", "Mademoiselle"]) }
    return isMale ? "Mr" : random.pick(["Ms", "Ms", "Mrs", "Mrs", "Miss"])
  }

  private mutating func location(_ nationality: UserNationality) -> JSONValue {
    let postcode = random.fill(nationality.postcode)
    let (offset, description) = random.pick(Self.timezones)
    return [
      "street": [
        "number": .integer(Int64(random.number(1...9999))), "name": .string(random.pick(nationality.streets)),
      ],
      "city": .string(random.pick(nationality.cities)),
      "state": .string(random.pick(nationality.states)),
      "country": .string(nationality.country),
      // A first digit of 0 is lost in a number; the API's numbers have none.
      "postcode": nationality.postcodeIsText
        ? .string(postcode) : .integer(Int64(postcode.replacing(/^0/, with: "1"))!),
      "coordinates": ["latitude": .string(coordinate(90)), "longitude": .string(coordinate(180))],
      "timezone": ["offset": .string(offset), "description": .string(description)],
    ]
  }

  /// Four digits after the point, as text.
  private mutating func coordinate(_ limit: Int) -> String {
    let value = random.number(-limit * 10_000...limit * 10_000)
    let fraction = String(abs(value) % 10_000)
    return
      "\(value < 0 ? "-" : "")\(abs(value) / 10_000).\(String(repeating: "0", count: 4 - fraction.utf8.count))\(fraction)"
  }

  private mutating func login(_ username: String) -> (JSONValue, uuid: String) {
    // Version 4: all bits are random but the version's and the variant's.
    let uuid =
      "\(random.hex(8))-\(random.hex(4))-4\(random.hex(3))-\(random.pick(["8", "9", "a", "b"]))\(random.hex(3))-\(random.hex(12))"
    let login: JSONValue = [
      "uuid": .string(uuid),
      "username": .string(username),
      "password": .string(random.pick(Self.passwords)),
      "salt": .string(random.text(8, of: "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789")),
      // Digests in form only.
      "md5": .string(random.hex(32)), "sha1": .string(random.hex(40)), "sha256": .string(random.hex(64)),
    ]
    return (login, uuid)
  }

  private mutating func picture(_ isMale: Bool) -> JSONValue {
    let place = "\(isMale ? "men" : "women")/\(random.number(0...(isMale ? 99 : 96))).jpg"
    let base = "https://randomuser.me/api/portraits"
    return [
      "large": .string("\(base)/\(place)"), "medium": .string("\(base)/med/\(place)"),
      "thumbnail": .string("\(base)/thumb/\(place)"),
    ]
  }

  private mutating func moment(from: (year: Int64, month: Int64), to: (year: Int64, month: Int64)) -> Int64 {
    func milliseconds(_ date: (year: Int64, month: Int64)) -> Int64 {
      Clock.daysSinceEpoch(year: date.year, month: date.month, day: 1) * 86_400_000
    }
    return Int64.random(in: milliseconds(from)..<milliseconds(to), using: &random)
  }

  /// Whole years, by the mean Gregorian year.
  private func years(since moment: Int64) -> Int64 { (now - moment) / 31_556_952_000 }

  // MARK: Latin letters

  /// `first.last`; nil when one of them has no Latin letters.
  private static func mailbox(_ first: String, _ last: String) -> String? {
    let (first, last) = (latin(first), latin(last))
    return first.isEmpty || last.isEmpty ? nil : "\(first).\(last)"
  }

  /// The name as e-mail addresses have it: lower-case Latin letters without marks; "" for other scripts.
  private static func latin(_ name: String) -> String {
    var text = ""
    for scalar in name.lowercased().unicodeScalars {
      if scalar.isASCII {
        if scalar.properties.isAlphabetic { text.unicodeScalars.append(scalar) }
      } else if let letters = letters[scalar] {
        text += letters
      }
    }
    return text
  }

  private static let letters: [UnicodeScalar: String] = {
    var letters: [UnicodeScalar: String] = ["ß": "ss", "æ": "ae"]
    let groups = [
      ("àáâãäåā", "a"), ("çćč", "c"), ("đ", "d"), ("èéêëēėęě", "e"), ("ğ", "g"), ("ìíîïīı", "i"), ("ñńň", "n"),
      ("òóôõöøō", "o"), ("řŕ", "r"), ("śşš", "s"), ("ùúûüūů", "u"), ("ýÿ", "y"), ("źżž", "z"),
    ]
    for (marked, plain) in groups {
      for scalar in marked.unicodeScalars { letters[scalar] = plain }
    }
    return letters
  }()

  // MARK: Words

  private static let adjectives = [
    "tiny", "yellow", "orange", "white", "beautiful", "purple", "red", "golden", "silver", "lazy", "happy", "big",
    "angry", "ticklish", "organic", "crazy", "brown", "heavy", "sad", "green",
  ]
  private static let animals = [
    "fish", "wolf", "swan", "panda", "dog", "ladybug", "snake", "gorilla", "peacock", "duck", "koala", "meercat",
    "ostrich", "zebra", "rabbit", "goose", "tiger", "bird", "elephant", "leopard",
  ]
  private static let passwords = [
    "sunrise", "bicycle", "orchard", "phoenix1", "edwards", "lantern", "marble", "winter7", "cheese1", "harbour",
    "thunder", "pelican", "saffron", "copper", "violet2", "meadow",
  ]
  private static let timezones = [
    ("-12:00", "Eniwetok, Kwajalein"), ("-11:00", "Midway Island, Samoa"), ("-10:00", "Hawaii"), ("-9:00", "Alaska"),
    ("-8:00", "Pacific Time (US & Canada)"), ("-7:00", "Mountain Time (US & Canada)"),
    ("-6:00", "Central Time (US & Canada), Mexico City"), ("-5:00", "Eastern Time (US & Canada), Bogota, Lima"),
    ("-4:00", "Atlantic Time (Canada), Caracas, La Paz"), ("-3:30", "Newfoundland"),
    ("-3:00", "Brazil, Buenos Aires, Georgetown"), ("-2:00", "Mid-Atlantic"), ("-1:00", "Azores, Cape Verde Islands"),
    ("0:00", "Western Europe Time, London, Lisbon, Casablanca"), ("+1:00", "Brussels, Copenhagen, Madrid, Paris"),
    ("+2:00", "Kaliningrad, South Africa"), ("+3:00", "Baghdad, Riyadh, Moscow, St. Petersburg"), ("+3:30", "Tehran"),
    ("+4:00", "Abu Dhabi, Muscat, Baku, Tbilisi"), ("+4:30", "Kabul"),
    ("+5:00", "Ekaterinburg, Islamabad, Karachi, Tashkent"), ("+5:30", "Bombay, Calcutta, Madras, New Delhi"),
    ("+5:45", "Kathmandu"), ("+6:00", "Almaty, Dhaka, Colombo"), ("+7:00", "Bangkok, Hanoi, Jakarta"),
    ("+8:00", "Beijing, Perth, Singapore, Hong Kong"), ("+9:00", "Tokyo, Seoul, Osaka, Sapporo, Yakutsk"),
    ("+9:30", "Adelaide, Darwin"), ("+10:00", "Eastern Australia, Guam, Vladivostok"),
    ("+11:00", "Magadan, Solomon Islands, New Caledonia"),
  ]
}
