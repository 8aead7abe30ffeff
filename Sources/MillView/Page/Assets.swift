import MillBase

/// The page's own files, compiled in, and Chart.js from the system.
enum Assets {
  /// Bytes of Chart.js.
  private static let chartScriptMax = 4 << 20

  private static let files: [String: (type: String, bytes: [UInt8])] = [
    "app.js": (script, PackageResources.app_js), "style.css": ("text/css; charset=utf-8", PackageResources.style_css),
    "icon.svg": ("image/svg+xml", PackageResources.icon_svg),
    "dashboard.js": (script, PackageResources.dashboard_js), "panel.js": (script, PackageResources.panel_js),
    "frames.js": (script, PackageResources.frames_js), "fields.js": (script, PackageResources.fields_js),
    "transform.js": (script, PackageResources.transform_js), "format.js": (script, PackageResources.format_js),
    "colors.js": (script, PackageResources.colors_js), "time.js": (script, PackageResources.time_js),
    "charts.js": (script, PackageResources.charts_js), "timeseries.js": (script, PackageResources.timeseries_js),
    "barchart.js": (script, PackageResources.barchart_js), "stat.js": (script, PackageResources.stat_js),
    "gauge.js": (script, PackageResources.gauge_js), "table.js": (script, PackageResources.table_js),
    "text.js": (script, PackageResources.text_js), "legend.js": (script, PackageResources.legend_js),
    "picker.js": (script, PackageResources.picker_js), "chain.js": (script, PackageResources.chain_js),
    "alerts.js": (script, PackageResources.alerts_js), "dom.js": (script, PackageResources.dom_js),
  ]
  private static let script = "text/javascript; charset=utf-8"

  static func answer(_ name: String, chartScript: String) throws -> HTTPResponse {
    if name == "chart.js" {
      let bytes = try Files.read(chartScript, limit: chartScriptMax)
      return HTTPResponse(
        status: 200, headers: ["Content-Type": script, "Cache-Control": "max-age=86400"], body: bytes)
    }
    guard let file = files[name] else { throw MillError(.notFound, "there is no file \(name)") }
    // Asked again each time: a newer executable must not meet older scripts.
    return HTTPResponse(
      status: 200, headers: ["Content-Type": file.type, "Cache-Control": "no-cache"], body: file.bytes)
  }

  /// One HTML page for all addresses; its script looks at the address. Without Chart.js, a page that says so.
  static func page(chartScript: String) -> HTTPResponse {
    let type = "text/html; charset=utf-8"
    guard Files.exists(chartScript) else {
      let text = String(decoding: PackageResources.nochart_html, as: UTF8.self).replacing("{{path}}", with: chartScript)
      return .text(text, status: 503, type: type)
    }
    return HTTPResponse(status: 200, headers: ["Content-Type": type], body: PackageResources.index_html)
  }
}
