# SPDX-License-Identifier: MIT
"""A library small enough to compute by hand. Its unit of energy is fJ: 1 fF times (1 V)^2."""

TEXT = """\
/* Nobody's cells,
   in fF, nW and ns. */
library (small) {
  time_unit : "1ns";
  voltage_unit : "1V";
  leakage_power_unit : "1nW";
  capacitive_load_unit (1, ff);
  nom_voltage : 2.0;
  nom_temperature : 27
  power_lut_template (edge) {
    variable_1 : input_transition_time;
    variable_2 : total_output_net_capacitance;
    index_1 ("0.0, 0.2");
    index_2 ("0, 8");
  }
  power_lut_template (pin) {
    variable_1 : input_transition_time;
    index_1 ("0.0, 0.2");
  }
  cell (INV) { // slew 0.1 ns and 4 fF are the middle of each table
    area : 2;
    cell_leakage_power : 3;
    pin (A) { direction : input; capacitance : 1.0; }
    pin (Y) {
      direction : output; function : "!A";
      internal_power () {
        related_pin : "A";
        rise_power (edge) { values ("1, 3", \\
                                    "3, 5"); }
        fall_power (edge) { index_2 ("4, 8"); values ("1, 100", "1, 100"); }
      }
    }
  }
  cell (INV_LARGE) {
    area : 6;
    leakage_power () { value : 2; when : "A"; }
    leakage_power () { value : 4; when : "!A"; }
    pin (A) { direction : input; capacitance : 3.0; }
    pin (Y) { direction : output; function : "A'"; }
  }
  cell (NAND) {
    area : 4;
    cell_leakage_power : 5;
    pin (A) { direction : input; capacitance : 1.0; }
    pin (B) { direction : input; capacitance : 2.0; }
    pin (Y) {
      direction : output; function : "!A + !B";
      internal_power () { when : "B"; power (scalar) { values ("6"); } }
      internal_power () { when : "A"; power (scalar) { values ("8"); } }
      internal_power () { power (scalar) { values ("1000"); } }
    }
  }
  cell (FLOP) {
    area : 20;
    cell_leakage_power : 7;
    ff (IQ, IQN) { clocked_on : "CK"; next_state : "D"; clear : "!RN"; }
    pin (CK) {
      direction : input; clock : true; capacitance : 1.5;
      internal_power () { when : "D * RN * Q"; rise_power (pin) { values ("2, 4"); }
                                               fall_power (pin) { values ("4, 4"); } }
      internal_power () { when : "!D * RN * !Q"; rise_power (scalar) { values ("1"); }
                                                 fall_power (scalar) { values ("2"); } }
      internal_power () { when : "!RN"; power (scalar) { values ("500"); } }
    }
    pin (D) {
      direction : input; capacitance : 0.5;
      internal_power () { when : "CK"; power (scalar) { values ("1"); } }
      internal_power () { when : "!CK"; power (scalar) { values ("3"); } }
    }
    pin (RN) { direction : input; capacitance : 2.5; }
    pin (Q) {
      direction : output; function : "IQ";
      internal_power () { related_pin : "CK"; power (scalar) { values ("10"); } }
      internal_power () { related_pin : "RN"; power (scalar) { values ("900"); } }
    }
  }
}
"""
