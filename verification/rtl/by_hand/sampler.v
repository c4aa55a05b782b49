// SPDX-License-Identifier: MIT
// A sampler of prototypes in Verilog by hand, from docs/contract.md alone (sections 4, 5 and 7): one
// component a class, q = 4 planes in parallel, user seed 1. Only its rows are loaded, class by class.
module my_sampler #(
  parameter FEATURES = 50,
  parameter LANES = 16,
  parameter CLASSES = 8
) (
  input wire clk,
  input wire rst,
  input wire row_valid,
  output wire row_ready,
  input wire [4*LANES-1:0] row_data,
  input wire req_valid,
  output wire req_ready,
  input wire [2:0] req_class,
  output wire beat_valid,
  input wire beat_ready,
  output wire [LANES-1:0] beat_bits,
  output reg [2:0] beat_class,
  output wire beat_last
);
  localparam BEATS = (FEATURES + LANES - 1) / LANES;

  // Loading: one row a cycle, from row 0 on.
  reg [4*LANES-1:0] memory [0:CLASSES*BEATS-1];
  reg [15:0] next_row;
  assign row_ready = 1'b1;
  always @(posedge clk)
    if (rst) next_row <= 0;
    else if (row_valid) begin
      memory[next_row] <= row_data;
      next_row <= next_row + 1;
    end

  // One request at a time; its beats follow.
  reg busy;
  reg [15:0] beat;
  wire taken = beat_valid && beat_ready;
  assign req_ready = !busy;
  assign beat_valid = busy;
  assign beat_last = beat == BEATS - 1;
  always @(posedge clk)
    if (rst) busy <= 1'b0;
    else if (req_valid && req_ready) begin
      busy <= 1'b1;
      beat <= 0;
      beat_class <= req_class;
    end else if (taken) begin
      busy <= !beat_last;
      beat <= beat + 1;
    end

  // A register for each plane, most significant plane first. It takes LANES steps when its word is
  // used. Its state is never 0, so there is nothing to recover from.
  reg [63:0] s0, s1, s2, s3;
  reg [63:0] n0, n1, n2, n3;
  integer i;
  always @* begin
    n0 = s0; n1 = s1; n2 = s2; n3 = s3;
    for (i = 0; i < LANES; i = i + 1) begin
      n0 = {n0[62:0], n0[63] ^ n0[46] ^ n0[44] ^ n0[31]};
      n1 = {n1[62:0], n1[63] ^ n1[52] ^ n1[43] ^ n1[38]};
      n2 = {n2[62:0], n2[63] ^ n2[60] ^ n2[53] ^ n2[33]};
      n3 = {n3[62:0], n3[63] ^ n3[58] ^ n3[52] ^ n3[50]};
    end
  end
  always @(posedge clk)
    if (rst) begin
      s0 <= 64'h910a2dec89025cc1;
      s1 <= 64'hbeeb8da1658eec67;
      s2 <= 64'hf893a2eefb32555e;
      s3 <= 64'h71c18690ee42c90b;
    end else if (taken) begin
      s0 <= n0; s1 <= n1; s2 <= n2; s3 <= n3;
    end

  // The comparators. Lanes past the last feature have code 0, which never gives a 1.
  wire [4*LANES-1:0] codes = memory[beat_class * BEATS + beat];
  genvar l;
  generate
    for (l = 0; l < LANES; l = l + 1) begin : lane
      wire [3:0] m = codes[4*l +: 4];
      wire [3:0] r = {s0[l], s1[l], s2[l], s3[l]};
      assign beat_bits[l] = r < m || (r == m && m[3]);
    end
  endgenerate
endmodule
