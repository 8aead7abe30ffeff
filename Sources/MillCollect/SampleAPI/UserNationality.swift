/// What is special about the users of one nationality: names, places and the forms of numbers.
struct UserNationality: Sendable {
  /// Two letters, as in the API's `nat`.
  let code: String
  let country: String
  let men: [String]
  let women: [String]
  let last: [String]
  let streets: [String]
  let cities: [String]
  let states: [String]
  /// `#` a digit, `^` a capital letter. `postcode` without letters and blanks is a JSON number, unless `postcodeIsText`.
  let postcode: String
  let postcodeIsText: Bool
  let phone: String
  let cell: String
  /// "" = the API has no id for this nationality: `{"name":"","value":null}`.
  let idName: String
  let idValue: String

  init(
    _ code: String, _ country: String, men: String, women: String, last: String, streets: String, cities: String,
    states: String, postcode: String, postcodeIsText: Bool = false, phone: String, cell: String,
    id: (String, String) = ("", "")
  ) {
    func list(_ text: String) -> [String] { text.split(separator: ",").map(String.init) }
    self.code = code
    self.country = country
    self.men = list(men)
    self.women = list(women)
    self.last = list(last)
    self.streets = list(streets)
    self.cities = list(cities)
    self.states = list(states)
    self.postcode = postcode
    self.postcodeIsText = postcodeIsText || postcode.contains { $0 != "#" }
    self.phone = phone
    self.cell = cell
    (idName, idValue) = id
  }
}

extension UserNationality {
  /// The 21 nationalities of RandomUser 1.4. The forms of numbers are those of recorded answers, with their oddities (the
  /// Finnish id has "NaN" and "undefined" in it, Canadian and Ukrainian telephone numbers have letters).
  ///
  /// The API writes Indian and Ukrainian names in Latin letters; here some are in Devanagari and Cyrillic, so that these
  /// scripts pass through the chain, too.
  static let all: [UserNationality] = [
    .init(
      "AU", "Australia", men: "Leon,Lucas,Wyatt,Herman,Troy,Edgar,Byron,Darrell",
      women: "Ruby,Eleanor,Tracey,Vanessa,Marlene,Sofia,Peyton,Lillie",
      last: "Nichols,Fletcher,Watson,Hudson,Meyer,Lawson,Barnett,Duncan,Kelley,Marshall",
      streets: "Sandy Lake Rd,Wheeler Ridge Rd,Poplar Dr,Railroad St,Daisy Dr,Lone Wolf Trail",
      cities: "Bendigo,Hobart,Geelong,Townsville,Wollongong,Toowoomba",
      states: "Australian Capital Territory,Victoria,Tasmania,Queensland,New South Wales,Northern Territory",
      postcode: "####", phone: "0#-####-####", cell: "04##-###-###", id: ("TFN", "#########")),
    .init(
      "BR", "Brazil", men: "Damas,Ezequiel,Átila,Joaquim,Valentim,Cauê,Heitor,Nélio",
      women: "Cátia,Lúcia,Rosângela,Mirela,Íris,Conceição,Valéria,Débora",
      last: "Oliveira,Pires,da Conceição,Gonçalves,Araújo,Nogueira,das Neves,Farias,Caldeira,Moraes",
      streets: "Rua São Paulo,Avenida Brasil,Rua Vinte de Setembro,Rua Três,Travessa dos Açores,Rua da Paz",
      cities: "Cotia,Paulo Afonso,Maringá,Itaboraí,São José de Ribamar,Jataí",
      states: "Bahia,Acre,Rondônia,Paraná,Piauí,Espírito Santo", postcode: "#####", phone: "(##) ####-####",
      cell: "(##) ####-####", id: ("CPF", "###.###.###-##")),
    .init(
      "CA", "Canada", men: "Daniel,Noah,Félix,Simon,Hudson,Jérémie,Liam,Logan",
      women: "Chloé,Zoe,Amelia,Océane,Sophie,Rosalie,Brielle,Maëlle",
      last: "Wilson,Tremblay,Gagné,Macdonald,Côté,Singh,Roy,Bélanger,Lavoie,Ennis",
      streets: "Dufferin St,Coastal Highway,Duke St,Pine Rd,Vimy St,Frederick Ave",
      cities: "Elgin,Sherbrooke,Chesterville,Trout Lake,Jasper,Deer Lake",
      states: "British Columbia,Québec,Nova Scotia,Yukon,Manitoba,Alberta", postcode: "^#^ #^#",
      phone: "^## ^##-####", cell: "^## ^##-####", id: ("SIN", "#########")),
    .init(
      "CH", "Switzerland", men: "Urs,Luca,Jérôme,Reto,Fabrizio,Björn,Grégory,Beat",
      women: "Giorgia,Mélanie,Käthi,Ursina,Noémie,Loredana,Zoé,Vreni",
      last: "Bernard,Müller,Lüthi,Rossi,Favre,Zürcher,Bühler,Gerard,Steiner,Dubois",
      streets: "Rue du Bât-d'Argent,Bahnhofstrasse,Via San Gottardo,Avenue de l'Abbaye,Kirchweg,Place du 8 Février",
      cities: "Laconnex,Biel/Bienne,Genève,La Chaux-de-Fonds,Bellinzona,Saint-Légier",
      states: "Zürich,Graubünden,Genève,Neuchâtel,Ticino,Appenzell Innerrhoden", postcode: "####",
      phone: "07# ### ## ##", cell: "07# ### ## ##", id: ("AVS", "756.####.####.##")),
    .init(
      "DE", "Germany", men: "Jürgen,Sören,Wolfgang,Hans-Georg,Götz,Tilo,Günther,Ralf",
      women: "Loretta,Käte,Bärbel,Antje,Mareike,Änne,Hannelore,Silke",
      last: "Habermann,Schröder,Weiß,Groß,Kühn,Bäcker,Köhler,Brandt,Sauer,Thiel",
      streets: "Fasanenweg,Mühlenweg,Goethestraße,Am Königsteg,Schützenstraße,Feldgasse",
      cities: "Teltow,Mühlhausen,Würzburg,Großenhain,Bad Münder,Lübbecke",
      states: "Sachsen-Anhalt,Thüringen,Baden-Württemberg,Saarland,Bremen,Hessen", postcode: "#####",
      phone: "0###-#######", cell: "017#-#######", id: ("SVNR", "## ###### ^ ###")),
    .init(
      "DK", "Denmark", men: "Søren,Jørgen,Malthe,Bjørn,Kåre,Mads,Villads,Asger",
      women: "Nanna,Sørine,Åse,Freja,Mathilde,Ditte,Sille,Kirstine",
      last: "Jensen,Sørensen,Nørgaard,Møller,Østergaard,Kjær,Thomsen,Poulsen,Larsen,Rasmussen",
      streets: "Søtoften,Æblehaven,Nørregade,Kærvej,Østerled,Lærkevej",
      cities: "Ansager,Ålborg Øst,København K,Rødovre,Sønder Stenderup,Ærøskøbing",
      states: "Sjælland,Hovedstaden,Nordjylland,Midtjylland,Danmark,Syddanmark", postcode: "#####", phone: "########",
      cell: "########", id: ("CPR", "######-####")),
    .init(
      "ES", "Spain", men: "Marcos,Íñigo,Ángel,José Luis,Joaquín,Héctor,Nicolás,Rubén",
      women: "Inés,Begoña,Mónica,Ángela,Sofía,Raquel,Verónica,Montserrat",
      last: "Hidalgo,Muñoz,Ibáñez,Giménez,Peña,Núñez,Domínguez,Cortés,Román,Vega",
      streets:
        "Calle de Téllez,Avenida de Andalucía,Calle de Ángel García,Paseo de Extremadura,Calle Mota,Ronda de Toledo",
      cities: "Torrente,Málaga,Gijón,La Coruña,Móstoles,Alcalá de Henares",
      states: "La Rioja,Cataluña,Andalucía,País Vasco,Castilla y León,Aragón", postcode: "#####", phone: "9##-###-###",
      cell: "6##-###-###", id: ("DNI", "########-^")),
    .init(
      "FI", "Finland", men: "Vilho,Otto,Väinö,Eetu,Aatu,Onni,Jääskö,Leevi",
      women: "Neea,Äiti-Maija,Siiri,Peppi,Eevi,Kerttu,Minttu,Ronja",
      last: "Ylitalo,Mäkelä,Hämäläinen,Leino,Tikkanen,Seppälä,Pöyry,Määttä,Kyllönen,Niemelä",
      streets: "Suvantokatu,Hämeenkatu,Pispalan valtatie,Näsilinnankatu,Esplanadi,Mannerheimintie",
      cities: "Nivala,Haapajärvi,Hyvinkää,Jyväskylä,Pyhäjärvi,Kuhmoinen",
      states: "Central Ostrobothnia,Åland,Päijänne Tavastia,Kainuu,Southern Savonia,Pirkanmaa", postcode: "#####",
      phone: "0#-###-###", cell: "04#-###-##-##", id: ("HETU", "NaNNA###undefined")),
    .init(
      "FR", "France", men: "Théo,Loïc,Timothée,Noël,Gaëtan,Maël,Côme,Raphaël",
      women: "Lison,Élise,Anaëlle,Maïlys,Zélie,Garance,Héloïse,Inès",
      last: "Brunet,Lefèvre,Françoise,Gérard,Léger,Dupré,Renaud,Mercier,Garçon,Fournier",
      streets:
        "Rue Chazière,Place de l'Église,Quai Charles-de-Gaulle,Rue de l'Abbé-Grégoire,Avenue Félix-Faure,Rue Bossuet",
      cities: "Tours,Orléans,Saint-Étienne,Besançon,Nîmes,Mulhouse",
      states: "Haute-Marne,Hérault,Corrèze,Côte-d'Or,Finistère,Val-d'Oise", postcode: "#####",
      phone: "0#-##-##-##-##", cell: "06-##-##-##-##", id: ("INSEE", "############# ##")),
    .init(
      "GB", "United Kingdom", men: "Carter,Nigel,Ronnie,Harvey,Rhys,Alfie,Fergus,Owain",
      women: "Gwendolyn,Poppy,Siân,Isla,Beverley,Maisie,Imogen,Rhona",
      last: "Silva,O'Brien,Fletcher-Moore,Wood,Hart,Pearson,Bishop,Ward,Mackay,Lowe",
      streets: "Manchester Road,Mill Lane,Queensway,Church Road,The Drive,Grange Road",
      cities: "St Albans,Salisbury,Newport,Preston,Stoke-on-Trent,Wells",
      states: "Cornwall,Gwynedd County,County Fermanagh,Rutland,Highlands and Islands,Durham", postcode: "^^#^ #^^",
      phone: "0##### #####", cell: "07### ######", id: ("NINO", "^^ ## ## ## ^")),
    .init(
      "IE", "Ireland", men: "Russell,Seán,Pádraig,Cormac,Eoin,Tadhg,Fionn,Ciarán",
      women: "Siobhán,Aoife,Gráinne,Niamh,Róisín,Caoimhe,Saoirse,Orla",
      last: "Caldwell,Ó Súilleabháin,Byrne,Ní Bhriain,Kelleher,Doyle,Mac Cárthaigh,Nolan,Burke,Quinn",
      streets: "George Street,Patrick Street,Dame Lane,The Crescent,Ormond Quay,Highfield Road",
      cities: "Newbridge,Dún Laoghaire,Letterkenny,Clonmel,Tralee,Navan",
      states: "Limerick,Roscommon,Dún Laoghaire–Rathdown,Sligo,Offaly,Wicklow", postcode: "#####",
      phone: "0##-###-####",
      cell: "081-###-####", id: ("PPS", "#######T")),
    .init(
      "IN", "India", men: "Kahaan,Rohan,Vihaan,Dev,आरव,विवान,अर्जुन,Ishaan",
      women: "Aadhya,Kavya,अनन्या,दीया,Prisha,Saanvi,मीरा,Tanvi",
      last: "Shetty,Kumar,शर्मा,पटेल,Banerjee,Rao,गुप्ता,Nayak,Menon,Chowdhury",
      streets: "Racecourse Rd,Mahatma Gandhi Rd,सरोजिनी मार्ग,Connaught Circus,Tilak Rd,Linking Rd",
      cities: "Narasaraopet,Bareilly,वाराणसी,Ambala,Udupi,Silchar", states: "Mizoram,Tripura,Goa,Bihar,Sikkim,Odisha",
      postcode: "#####", phone: "9#########", cell: "9#########", id: ("UIDAI", "############")),
    .init(
      "IR", "Iran", men: "دانیال,آرمین,مهدی,رضا,پارسا,ایلیا,امیرعلی,کیان",
      women: "یسنا,نازنین,هلیا,سارینا,مهسا,پرنیا,آیلین,ثنا",
      last: "کامروا,حسینی,صدر,موسوی,احمدی,گلشن,یاسمی,رضایی,جعفری,سلطانی نژاد",
      streets: "هویزه,شهید بهشتی,میدان آزادی,پارک لاله,کارگر شمالی,ولیعصر",
      cities: "خوی,بجنورد,آبادان,کرمانشاه,اصفهان,یزد",
      states: "قزوین,قم,چهارمحال و بختیاری,فارس,گیلان,مرکزی", postcode: "#####", phone: "0##-########",
      cell: "09##-###-####"),
    .init(
      "MX", "Mexico", men: "Jesús,Ramón,Iván,Adán,Gerónimo,Óscar,Efraín,Saúl",
      women: "Dolores,Lucía,Inés,Ángeles,Débora,Perla,Concepción,Yolanda",
      last: "Rendón,Ordóñez,Zúñiga,Cedillo,Treviño,Lebrón,Barrios,Magaña,Pichardo,Ybarra",
      streets: "Peatonal del Río,Calzada Oaxaca,Avenida Sur,Circuito Michoacán,Privada de las Peñas,Andador Norte",
      cities: "Ejido Constitución,Mérida,San Martín,Las Peñitas,Nuevo León,El Órgano",
      states: "Tlaxcala,Yucatán,Michoacán de Ocampo,Querétaro,Oaxaca,Ciudad de México", postcode: "#####",
      phone: "(###) ### ####", cell: "(###) ### ####", id: ("NSS", "## ## ## #### #")),
    .init(
      "NL", "Netherlands", men: "Koenraad,Daniël,Sjoerd,Jeroen,Aydin,Thijmen,Rémi,Bouke",
      women: "Noëlla,Fenna,Jolijn,Brechje,Zoë,Anouk,Madelief,Saskia",
      last: "Hoedjes,van der Heijden,'t Hart,De Wit,Süleyman,Bovenkamp,Kloosterman,van Ooijen,Pauw,Tuinstra",
      streets: "Bontekoestraat,Burgemeester van Reeshof,Prinsengracht,De Hoop,Kerkpad,Oude Rijn",
      cities: "Matsloot,'s-Hertogenbosch,Kûbaard,IJmuiden,Zeewolde,Gaastmeer",
      states: "Limburg,Fryslân,Zeeland,Overijssel,Noord-Brabant,Drenthe", postcode: "#### ^^", phone: "(0###) ######",
      cell: "(06) ########", id: ("BSN", "########")),
    .init(
      "NO", "Norway", men: "Ibrahim,Håkon,Jørgen,Lias,Bjørnar,Ådne,Tom,Eskil",
      women: "Iben,Åshild,Sølvi,Emily,Mathea,Ragnhild,Weronika,Tiril",
      last: "Drageset,Sundstrøm,Nilssen,Leiknes,Bråten,Østby,Lofthus,Voll,Mæland,Fjære",
      streets: "Professor Lochmanns gate,Øvre Slottsgate,Blåbærstien,Kringsjågrenda,Bjørnefaret,Sørkedalsveien",
      cities: "Innbygda,Nesbyen,Å,Vestre Jakobselv,Tromsø,Sørumsand",
      states: "Troms - Romsa,Sør-Trøndelag,Møre og Romsdal,Akershus,Oppland,Østfold", postcode: "####",
      postcodeIsText: true, phone: "########", cell: "########", id: ("FN", "###########")),
    .init(
      "NZ", "New Zealand", men: "Oliver,Wiremu,Hunter,Tāne,Blake,Cooper,Rāwiri,Jayden",
      women: "Ivy,Aroha,Maia,Ngaio,Pippa,Mīria,Brooke,Zara",
      last: "Hall,Tūhoe,Walker,Pārata,Moore,Chen,Jackson,Thompson,Ngata,Lee",
      streets: "Domain Road,Tāmaki Drive,Riccarton Road,Vivian Street,Ōrākei Road,Ferry Road",
      cities: "Rotorua,Whangārei,Dunedin,Taupō,Invercargill,Blenheim",
      states: "Nelson,Manawatū-Whanganui,Southland,Otago,Gisborne,Taranaki", postcode: "#####", phone: "(###)-###-####",
      cell: "(###)-###-####"),
    .init(
      "RS", "Serbia", men: "Ljubiša,Velibor,Đorđe,Živojin,Miloš,Stojan,Čedomir,Radoš",
      women: "Andrea,Lada,Ljuba,Živka,Dušanka,Iva,Jelena,Ružica",
      last: "Kojić,Katanić,Đokić,Stevanović,Rašić,Šantrač,Živković,Petrić,Lučić,Mihajlović",
      streets: "Dvadesetdevetog Novembra,Bulevar kralja Petra,Šumadijska,Đure Jakšića,Cara Lazara,Topličina",
      cities: "Belgrade,Kovačica,Petrovac na Mlavi,Sečanj,Sjenica,Zvečan",
      states: "Braničevo,Pomoravlje,South Bačka,Toplica,North Banat,Kolubara", postcode: "#####", phone: "0##-####-###",
      cell: "06#-####-###", id: ("SID", "#########")),
    .init(
      "TR", "Turkey", men: "Barış,Necati,Çağrı,Oğuz,İlker,Görkem,Eymen,Şükrü",
      women: "Afşar,Ömür,Mestan,Gülşah,Zeynep,Çiğdem,Işıl,Nisa",
      last: "Tazegül,Kulaksızoğlu,Kunter,Yazıcı,Korol,Çetiner,Öztürk,Sözeri,Abadan,Tüzün",
      streets: "Necatibey Cd,Atatürk Sk,Kuşadası Cd,İstiklal Cd,Bağdat Cd,Fatih Sultan Mehmet Cd",
      cities: "Şırnak,Kütahya,Rize,Bingöl,Iğdır,Çankırı", states: "Gaziantep,Erzurum,Kırşehir,Karaman,Kırıkkale,Muğla",
      postcode: "#####", phone: "(###)-###-####", cell: "(###)-###-####"),
    .init(
      "UA", "Ukraine", men: "Boris,Peresvit,Святослав,Євген,Orest,Ярема,Vitan,Любомир",
      women: "Olesya,Їржина,Златослава,Duha,Соломія,Yarina,Ganna,Мирослава",
      last: "Ribalchenko,Grivko,Шевченко,Ґалаґан,Oliynik,Ковальчук,Yushchuk,Гетьман,Masik,Стельмах",
      streets: "Patriarha Mstislava Skripnika,Соборна,Lva Tolstogo,Хрещатик,Zabolotnogo,Ринок",
      cities: "Rivne,Noviy Kaliniv,Київ,Чернівці,Yavoriv,Харків",
      states: "Lvivska,Ternopilska,Одеська,Zakarpatska,Київська,Volinska", postcode: "#####", phone: "(09#) ^##-####",
      cell: "(09#) ^##-####"),
    .init(
      "US", "United States", men: "Duane,Terrance,José,Kent,Warren,Ricky,Everett,Calvin",
      women: "Sonia,Renée,Marjorie,Gina,Lakeisha,Irma,Wendy,Paula",
      last: "Freeman,O'Connor,Ramírez,Hoffman,Simmons,Bradley,Gutierrez,Pierce,Wheeler,Ross",
      streets: "Thornridge Cir,Avondale Ave,Mockingbird Hill,Ranchview Dr,W Dallas St,Spring Hill Rd",
      cities: "Irvine,Fargo,Coeur d'Alene,Syracuse,Biloxi,Reno",
      states: "Wisconsin,New Mexico,Delaware,Idaho,Oregon,West Virginia", postcode: "#####", phone: "(###) ###-####",
      cell: "(###) ###-####", id: ("SSN", "###-##-####")),
  ]
}
