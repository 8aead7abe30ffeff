/// The population of the United States by year, as the American Community Survey has it (table B01003), and the documents
/// that DataUSA makes of it.
///
/// The figures are those that the API served: 1-year estimates until the vintage of 2019, 5-year estimates from 2020 on,
/// so that a year's figure depends on the vintage (2019: 328,239,523, later 324,697,795).
enum PopulationTable {
  /// One edition of the data: the newest year, and which of the two estimates.
  struct Vintage: Sendable, Equatable {
    var year: Int
    /// 1 or 5.
    var estimateYears: Int
    /// From 2013 to ``year``.
    var population: [Int]

    var cube: String { "acs_yg_total_population_\(estimateYears)" }
    var dataset: String { "ACS \(estimateYears)-year Estimate" }
  }

  static let firstYear = 2013

  private static let oneYear = [
    316_128_839, 318_857_056, 321_418_821, 323_127_515, 325_719_178, 327_167_439, 328_239_523,
  ]
  private static let fiveYear = [
    311_536_594, 314_107_084, 316_515_021, 318_558_162, 321_004_407, 322_903_030, 324_697_795, 326_569_308, 329_725_481,
    331_097_593,
  ]

  /// In the order in which the API served them. That of 2021 is the 5-year table without 2022.
  static let vintages = [
    Vintage(year: 2019, estimateYears: 1, population: oneYear),
    Vintage(year: 2020, estimateYears: 5, population: Array(fiveYear[..<8])),
    Vintage(year: 2021, estimateYears: 5, population: Array(fiveYear[..<9])),
    Vintage(year: 2022, estimateYears: 5, population: fiveYear),
  ]

  private static let sourceDescription = """
    The American Community Survey (ACS) is conducted by the US Census and sent to a portion of the population every year.
    """

  /// The answer to `/api/data?drilldowns=Nation&measures=Population`, the generation of the API that the seed asks: the
  /// newest year first, `Year` as text.
  static func nationDocument(_ vintage: Vintage) -> String {
    let rows = vintage.population.enumerated().reversed().map { index, population in
      let year = firstYear + index
      return """
        {"ID Nation":"01000US","Nation":"United States","ID Year":\(year),"Year":"\(year)",\
        "Population":\(population),"Slug Nation":"united-states"}
        """
    }
    return """
      {"data":[\(rows.joined(separator: ","))],"source":[{"measures":["Population"],"annotations":{\
      "source_name":"Census Bureau","source_description":"\(sourceDescription)",\
      "dataset_name":"\(vintage.dataset)","dataset_link":"http://www.census.gov/programs-surveys/acs/",\
      "table_id":"B01003","topic":"Diversity","subtopic":"Demographics"},"name":"\(vintage.cube)","substitutions":[]}]}
      """
  }

  /// The answer to `/tesseract/data.jsonrecords?cube=…&drilldowns=Nation,Year&measures=Population`, the API's new
  /// generation: the oldest year first, `Year` a number, `Population` with a fraction.
  ///
  /// Recorded is the document for states (keys "State ID", "State", "Year", "Population"). That "Nation ID" and "Nation"
  /// are the keys here is taken from it, not from a recorded document.
  ///
  /// - Parameter turn: the real API changes the order of the annotations' keys from one answer to the next; this gives
  ///   one of seven orders.
  static func tesseractDocument(_ vintage: Vintage, turn: Int) -> String {
    let annotations = [
      ("topic", "Diversity"), ("source_name", "Census Bureau"), ("table_id", "B01003"),
      ("source_description", sourceDescription), ("dataset_name", vintage.dataset),
      ("dataset_link", "http://www.census.gov/programs-surveys/acs/"), ("subtopic", "Demographics"),
    ]
    let shift = turn % annotations.count
    let turned = (annotations[shift...] + annotations[..<shift]).map { "\"\($0)\":\"\($1)\"" }
    let rows = vintage.population.enumerated().map { index, population in
      """
      {"Nation ID":"01000US","Nation":"United States","Year":\(firstYear + index),"Population":\(population).0}
      """
    }
    return """
      {"annotations":{\(turned.joined(separator: ","))},"page":{"limit":0,"offset":0,"total":\(rows.count)},\
      "columns":["Nation ID","Nation","Year","Population"],"data":[\(rows.joined(separator: ","))]}
      """
  }
}
