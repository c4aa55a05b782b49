/* SPDX-License-Identifier: MIT */
/* The chip loads a network, classifies and learns pictures, and draws what it has learned. */
#include "bus.h"
#include "data.h"
#include "system.h"

#define TRY(call)                                \
    do {                                         \
        const engram_error error_ = (call);      \
        if (error_ != ENGRAM_E_OK) return error_; \
    } while (0)

static engram chip;
static uint32_t begun;

/* Say how many cycles a part of the program has taken. */
static void part(const char *name) {
    const uint32_t taken = cycles() - begun;
    put_text("cycles ");
    put_text(name);
    put_text(" ");
    put_number((int32_t)taken);
    put_text("\n");
    begun = cycles();
}

static engram_error load(void) {
    TRY(engram_open(&chip, &BUS));
    TRY(engram_load(&chip, LOAD_FILE, sizeof LOAD_FILE));
    part("load");
    return ENGRAM_E_OK;
}

static engram_error classify(void) {
    uint32_t picture, label, n;
    TRY(engram_see(&chip, chip.head_classes));
    for (picture = 0; picture < COUNT; ++picture) {
        int32_t logits[CLASSES];
        TRY(engram_classify(&chip, PICTURES[picture], &label, logits));
        put_text("class ");
        put_number((int32_t)label);
        for (n = 0; n < chip.head_classes; ++n) {
            put_text(" ");
            put_number(logits[n]);
        }
        put_text("\n");
    }
    part("classify");
    return ENGRAM_E_OK;
}

static engram_error learn(void) {
    uint32_t n, events;
    TRY(engram_enable(&chip, ENGRAM_IRQ_ENABLE_LEARNED_MASK));
    for (n = 0; n < COUNT; ++n) TRY(engram_learn_picture(&chip, LABELS[n], PICTURES[n]));
    put_text(interrupted() ? "interrupt" : "no interrupt");
    TRY(engram_events(&chip, &events));
    put_text(interrupted() ? " stays\n" : " taken\n");
    for (n = 0; n < sizeof CODES / sizeof *CODES; ++n) TRY(engram_append(&chip, 1, CODES[n], NULL));
    part("learn");
    return ENGRAM_E_OK;
}

/* Draw exemplars from a source, and print each with its class. */
static engram_error draw(const char *name, uint32_t source, uint32_t label, uint32_t requests) {
    static uint8_t vectors[DRAWN * VECTOR];
    static uint16_t labels[DRAWN];
    const uint32_t count = source == ENGRAM_SOURCE_LATENT ? requests : requests * chip.draws;
    uint32_t n;
    if (count > DRAWN || engram_vector_bytes(&chip) != VECTOR) return ENGRAM_E_ROOM;
    TRY(engram_draw(&chip, source, label, requests, vectors, labels));
    for (n = 0; n < count; ++n) {
        put_text(name);
        put_text(" ");
        put_number(labels[n]);
        put_text(" ");
        put_bytes(vectors + n * VECTOR, VECTOR);
        put_text("\n");
    }
    return ENGRAM_E_OK;
}

static engram_error replay(void) {
    TRY(draw("sampler", ENGRAM_SOURCE_SELECTOR, 0, REQUESTS));
    TRY(draw("latent", ENGRAM_SOURCE_LATENT, LABELS[0], REQUESTS));
    part("draw");
    return ENGRAM_E_OK;
}

int main(void) {
    engram_error error = load();
    if (error == ENGRAM_E_OK) error = classify();
    if (error == ENGRAM_E_OK) error = learn();
    if (error == ENGRAM_E_OK) error = replay();
    put_text(engram_text(error));
    put_text("\n");
    return (int)error;
}
