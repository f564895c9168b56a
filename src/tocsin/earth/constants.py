"""Constants of the Earth, each with its source. SI units."""

from typing import Final

# World Geodetic System 1984, NGA.STND.0036_1.0.0_WGS84 (2014), table 3.1 and 3.3.
WGS84_A_M: Final = 6_378_137.0
WGS84_F: Final = 1.0 / 298.257223563
WGS84_GM_M3_S2: Final = 3.986004418e14
WGS84_OMEGA_RAD_S: Final = 7.292115e-5

# Derived from the two defining figures above.
WGS84_B_M: Final = WGS84_A_M * (1.0 - WGS84_F)
WGS84_E2: Final = WGS84_F * (2.0 - WGS84_F)  # first eccentricity squared
WGS84_EP2: Final = WGS84_E2 / (1.0 - WGS84_E2)  # second eccentricity squared

# EGM2008, tide-free (Pavlis et al. 2012, doi:10.1029/2011JB008916): normalised C20, C30, C40 of the published
# coefficient file, unnormalised by Jn = -sqrt(2n + 1) * Cn0. The model's own radius is 0.7 m shorter than
# WGS-84's: the difference of 2.2e-7 of J2's pull is below every tolerance of this package.
EGM2008_C20: Final = -0.484165143790815e-03
EGM2008_C30: Final = 0.957161207093473e-06
EGM2008_C40: Final = 0.539965866638991e-06
J2: Final = -(5.0**0.5) * EGM2008_C20
J3: Final = -(7.0**0.5) * EGM2008_C30
J4: Final = -(9.0**0.5) * EGM2008_C40

# U.S. Standard Atmosphere, 1976 (NOAA-S/T 76-1562), table 2 and section 1.2.
STANDARD_GRAVITY_M_S2: Final = 9.80665
SEA_LEVEL_DENSITY_KG_M3: Final = 1.2250
