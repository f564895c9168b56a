"""What every key of a scenario file means: comments in files, tables of docs/scenario-format.md."""

from typing import Final

KEYS: Final[dict[str, dict[str, str]]] = {
    "": {
        "format": "version of this format: 1",
        "name": "name of the scenario: letters, digits, '.', '_' or '-'",
        "title": "one line for people",
        "source": "where the recorded facts come from",
        "start_utc": "scenario time 0 (TOML date-time with an offset or Z), a little before the first launch",
        "duration_s": "length of the scenario, seconds",
    },
    "officers": {
        "propose_delay_s": "first scripted officer: seconds from a draft to the proposal",
        "approve_delay_s": "second scripted officer: seconds from the proposal to the release",
    },
    "links": {
        "nations": "the two ends of the link: USA, KOR, JPN",
        "delay_s": "one-way delay, seconds of scenario time",
    },
    "flights": {
        "object": "name of the object in truth.csv, unique in the file",
        "place": "name of the launch place in the record",
        "lat_deg": "launch place, geodetic latitude (WGS-84), as recorded",
        "lon_deg": "launch place, longitude, east positive, as recorded",
        "launch_utc": "launch time (TOML date-time with an offset or Z)",
        "azimuth_deg": "recorded azimuth, clockwise from true north",
        "azimuth_of": 'what the azimuth is taken for: "departure" (plane of the boost) or "impact" (direction'
        " from launch place to impact; for lofted arcs, whose impact slides west)",
        "apogee_km": "published apogee above the ellipsoid, km",
        "range_km": "published range from launch to impact along the ground, km",
        "boost_s": "length of the notional boost, seconds; no vehicle data",
        "publisher": 'whose figures these are: "JPN", "KOR", "KCNA", or "record" (the compiled record)',
        "flags": "what is doubtful or derived in this flight",
        "flight_time_s": "informative: launch to impact as solved, seconds; never read back",
    },
    "flights.salvo": {
        "count": "so many objects fly this flight at once; the first keeps its name and place, the others are"
        " OBJECT-2, OBJECT-3, ...",
        "spacing_km": "their launch places lie on a square grid, rows along the azimuth, so far apart",
    },
    "flights.manoeuvre": {
        "from_s": "notional: from so many seconds after launch on (free flight at the earliest) ...",
        "for_s": "... and for so long the object is pushed across its path, seconds",
        "up_mps2": "how hard upwards, across the path, m/s^2",
        "right_mps2": "how hard to the right, m/s^2",
    },
    "flights.failure": {
        "at_s": "so many seconds after launch (in free flight) the object fails",
        "pieces": "so many pieces fly on, the first under its name; 0 = nothing is seen any more",
        "apart_mps": "how fast each piece leaves the middle of all, m/s",
    },
    "sensors": {
        "id": "name of the sensor, unique in the file",
        "nation": "owner: USA, KOR or JPN",
        "kind": '"radar" (range, angles), "infrared" (lines of sight from space), "surveillance" (positions)',
        "name": "one line for people",
        "lat_deg": "radar's place, rounded to half a degree",
        "lon_deg": "radar's place, rounded to half a degree",
        "alt_m": "height above the ellipsoid, metres",
        "sac": "ASTERIX system area code, for input from a real sensor",
        "sic": "ASTERIX system identification code",
        "period_s": "seconds between two looks",
        "silence_limit_s": "silence after which the sensor is shown as silent, seconds",
        "detection_probability": "of one look at an object in coverage, 0 to 1",
        "report_delay_s": "from the look to the plot's arrival at the node, seconds",
        "report_delay_spread_s": "each plot arrives later still by a random part of so much, seconds",
        "false_plots_per_min": "clutter: false plots per minute, at random places in the coverage",
        "releasable_to": "nations besides the owner that may have what is made from its plots; [] = nobody",
    },
    "sensors.orbit": {
        "altitude_km": "circular orbit's height above the equatorial radius; 35786 is about geostationary",
        "inclination_deg": "of the orbit; 0 = over the equator",
        "node_lon_deg": "longitude of the ascending node at the scenario's start",
        "phase_deg": "angle from the ascending node at the scenario's start",
    },
    "sensors.errors": {
        "range_m": "one standard deviation of range, metres",
        "az_mrad": "of azimuth, milliradians",
        "el_mrad": "of elevation, milliradians",
        "range_rate_mps": "of range rate, m/s; absent = not measured",
        "los_mrad": "of each of the two angles of a line of sight, milliradians",
        "position_m": "of a reported position, metres",
    },
    "sensors.bias": {
        "range_m": "constant error of range that the nation's registry does not know, metres; radar only",
        "az_mrad": "of azimuth, milliradians",
        "el_mrad": "of elevation, milliradians",
    },
    "sensors.resolution": {
        "range_m": "length of a resolution cell, metres: objects in one cell give one plot; without the"
        " section every object gives its own; radar only",
        "az_mrad": "its width in azimuth, milliradians",
        "el_mrad": "in elevation, milliradians",
    },
    "sensors.coverage": {
        "min_range_km": "nearest range, km",
        "max_range_km": "farthest range, km",
        "min_el_deg": "lowest elevation (the curved horizon follows from it); infrared: lowest elevation of"
        " the platform above the object's horizon",
        "max_el_deg": "highest elevation; radar only",
        "az_from_deg": "azimuth sector, clockwise from here ...",
        "az_to_deg": "... to here; 0 to 360 = all round; radar only",
        "min_alt_km": "infrared: the object is seen above this height only (cloud)",
        "after_burnout_s": "infrared: still seen for so long after burnout, seconds",
        "coast": "infrared: true = also sees objects after burnout (illustrative)",
    },
    "sensors.expected_first_contact_s": {
        "*": "informative: seconds from launch to the first look with the object in coverage; absent = never",
    },
}


def comment(section: str, key: str) -> str:
    """The meaning of a key; KeyError for a key that no scenario has."""
    table = KEYS[section]
    return table[key] if key in table else table["*"]
