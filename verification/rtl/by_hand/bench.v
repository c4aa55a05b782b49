// SPDX-License-Identifier: MIT
// A bench in Verilog alone: it reads the vectors of the block sampler with $readmemh.
`timescale 1ns / 1ps
module bench;
`include "vectors.vh"
  reg clk = 0, rst = 1;
  always #1 clk = !clk;

  reg [ROWS_WIDTH-1:0] rows [0:ROWS_WORDS-1];
  reg [REQUESTS_WIDTH-1:0] requests [0:REQUESTS_WORDS-1];
  reg [BEATS_WIDTH-1:0] beats [0:BEATS_WORDS-1];

  integer row = 0, request = 0, beat = 0, wrong = 0;
  wire row_ready, req_ready, beat_valid, beat_last;
  wire [BEATS_BITS_WIDTH-1:0] beat_bits;
  wire [BEATS_LABEL_WIDTH-1:0] beat_class;
  wire loaded = row == ROWS_WORDS;

  my_sampler dut (
    .clk(clk), .rst(rst),
    .row_valid(!loaded), .row_ready(row_ready), .row_data(rows[row]),
    .req_valid(loaded && request < REQUESTS_WORDS), .req_ready(req_ready),
    .req_class(requests[request]),
    .beat_valid(beat_valid), .beat_ready(1'b1), .beat_bits(beat_bits),
    .beat_class(beat_class), .beat_last(beat_last)
  );

  initial begin
    $readmemh("rows.hex", rows);
    $readmemh("requests.hex", requests);
    $readmemh("beats.hex", beats);
    #5 rst = 0;
  end

  always @(posedge clk) if (!rst) begin
    if (!loaded) row <= row + 1;
    if (loaded && request < REQUESTS_WORDS && req_ready) request <= request + 1;
    if (beat_valid) begin
      if ({beat_last, beat_class, beat_bits} !== beats[beat]) begin
        wrong <= wrong + 1;
        $display("beat %0d is %h, not %h", beat, {beat_last, beat_class, beat_bits}, beats[beat]);
      end
      beat <= beat + 1;
      if (beat == BEATS_WORDS - 1) begin
        $display("%0d beats, %0d wrong", BEATS_WORDS, wrong);
        $finish;
      end
    end
  end
endmodule
