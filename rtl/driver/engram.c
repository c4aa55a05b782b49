/* SPDX-License-Identifier: MIT */
#include "engram.h"

/* A field of a register, of a header or of `tuser`. */
#define FIELD(value, name) (((value) & name##_MASK) >> name##_SHIFT)

/* Return from a function whose call fails. */
#define TRY(call)                                    \
    do {                                             \
        const engram_error error_ = (call);          \
        if (error_ != ENGRAM_E_OK) return error_;    \
    } while (0)

enum { WORD = 64, FILE_HEADER = 64 };

static const char *const TEXTS[ENGRAM_E_COUNT] = {
    "done",
    "a function of the bus failed",
    "the wait function of the bus gave up",
    "no chip answers at this address",
    "the chip has another register map than this driver",
    "an argument is out of the chip's range",
    "this is no load file, or it is damaged",
    "the load file was made for a chip of other sizes",
    "no network is loaded, or it has no head",
    "the chip found fault with a packet",
    "a draw goes on, or its classes have no weights",
    "the class does not fit the prototype memory",
    "the class is not there",
    "a packet came that was not asked for",
    "a soft reset cut a packet short",
    "the slot is not open, never was, or holds no exemplar",
    "the chip has more than ENGRAM_CLASSES or ENGRAM_SLOTS",
    "the chip refused the basis, because a sum is out of bounds",
};

const char *engram_text(engram_error error) {
    return (unsigned)error < ENGRAM_E_COUNT ? TEXTS[error] : "this is no error of the driver";
}

/* Registers */

static engram_error get(const engram *chip, uint32_t address, uint32_t *value) {
    return chip->bus->read(chip->bus->context, address, value) ? ENGRAM_E_BUS : ENGRAM_E_OK;
}

static engram_error set(const engram *chip, uint32_t address, uint32_t value) {
    return chip->bus->write(chip->bus->context, address, value) ? ENGRAM_E_BUS : ENGRAM_E_OK;
}

/* Wait until the bits of a register under a mask have a value. */
static engram_error await(const engram *chip, uint32_t address, uint32_t mask, uint32_t value) {
    const engram_bus *bus = chip->bus;
    for (;;) {
        uint32_t now;
        TRY(get(chip, address, &now));
        if ((now & mask) == value) return ENGRAM_E_OK;
        if (bus->wait && bus->wait(bus->context)) return ENGRAM_E_WAIT;
    }
}

/* Wait until no packet is coming in; say whether the chip found fault with one, and forget it. */
static engram_error accepted(const engram *chip) {
    uint32_t errors;
    TRY(await(chip, ENGRAM_STATUS, ENGRAM_STATUS_RECEIVING_MASK, 0));
    TRY(get(chip, ENGRAM_ERRORS, &errors));
    if (!(errors & ENGRAM_ERRORS_PACKET_MASK)) return ENGRAM_E_OK;
    TRY(set(chip, ENGRAM_ERRORS, ENGRAM_ERRORS_PACKET_MASK));
    return ENGRAM_E_PACKET;
}

/* Packets to the chip: a header, then units. A unit is values side by side, lowest bits first. */

typedef struct packet {
    const engram_bus *bus;
    uint32_t left; /* words to come */
    uint64_t word; /* the next one, as far as it is filled */
    uint32_t used; /* bits of it */
    engram_error error;
} packet;

static void send_word(packet *p, uint64_t word) {
    if (p->error == ENGRAM_E_OK && p->bus->send(p->bus->context, word, --p->left == 0))
        p->error = ENGRAM_E_BUS;
}

static packet begin(const engram *chip, uint32_t target, uint32_t index, uint32_t address,
                    uint32_t count, uint32_t words) {
    packet p = {chip->bus, words + 1, 0, 0, ENGRAM_E_OK};
    send_word(&p, (uint64_t)target << ENGRAM_HEADER_TARGET_SHIFT |
                      (uint64_t)index << ENGRAM_HEADER_INDEX_SHIFT |
                      (uint64_t)address << ENGRAM_HEADER_ADDRESS_SHIFT |
                      (uint64_t)count << ENGRAM_HEADER_COUNT_SHIFT);
    return p;
}

/* Add a value of `width` bits to the unit, at least 1 and at most 64. */
static void put(packet *p, uint64_t value, uint32_t width) {
    p->word |= value << p->used;
    p->used += width;
    if (p->used >= WORD) {
        send_word(p, p->word);
        p->used -= WORD;
        p->word = p->used ? value >> (width - p->used) : 0;
    }
}

/* End a unit: the next one begins with a new word. */
static void end_unit(packet *p) {
    if (p->used) send_word(p, p->word);
    p->word = p->used = 0;
}

static uint32_t words_of(uint32_t bits) { return (bits + WORD - 1) / WORD; }

/* Packets from the chip */

/* Take the next word, which must be of a kind. */
static engram_error take(const engram *chip, uint32_t kind, uint64_t *word, uint32_t *user,
                         int *last) {
    if (chip->bus->receive(chip->bus->context, word, user, last)) return ENGRAM_E_BUS;
    if (*user & ENGRAM_USER_ABORTED_MASK) return ENGRAM_E_RESET;
    return FIELD(*user, ENGRAM_USER_KIND) == kind ? ENGRAM_E_OK : ENGRAM_E_ANSWER;
}

/* Vectors */

size_t engram_vector_bytes(const engram *chip) { return ((size_t)chip->features + 7) / 8; }

/* Return a beat of a vector: its lanes that are no features are 0. */
static uint64_t beat_of(const engram *chip, const uint8_t *vector, uint32_t beat) {
    uint64_t bits = 0;
    uint32_t lane, feature = beat * chip->lanes;
    for (lane = 0; lane < chip->lanes && feature < chip->features; ++lane, ++feature)
        bits |= (uint64_t)(vector[feature / 8] >> feature % 8 & 1) << lane;
    return bits;
}

/* Put a beat into a vector, whose first beat clears it. */
static void store_beat(const engram *chip, uint8_t *vector, uint32_t beat, uint64_t bits) {
    uint32_t lane, feature = beat * chip->lanes;
    size_t byte;
    for (byte = 0; beat == 0 && byte < engram_vector_bytes(chip); ++byte) vector[byte] = 0;
    for (lane = 0; lane < chip->lanes && feature < chip->features; ++lane, ++feature)
        vector[feature / 8] |= (uint8_t)((bits >> lane & 1) << feature % 8);
}

/* Bring-up */

engram_error engram_open(engram *chip, const engram_bus *bus) {
    static const engram nothing;
    uint32_t value;
    *chip = nothing;
    chip->bus = bus;
    TRY(get(chip, ENGRAM_ID, &value));
    if (value != ENGRAM_ID_VALUE) return ENGRAM_E_ID;
    TRY(get(chip, ENGRAM_VERSION, &value));
    if (FIELD(value, ENGRAM_VERSION_MAJOR) != ENGRAM_VERSION_MAJOR_VALUE ||
        FIELD(value, ENGRAM_VERSION_MINOR) < ENGRAM_VERSION_MINOR_VALUE)
        return ENGRAM_E_VERSION;
    TRY(get(chip, ENGRAM_SHAPE, &value));
    chip->features = FIELD(value, ENGRAM_SHAPE_FEATURES);
    chip->lanes = FIELD(value, ENGRAM_SHAPE_LANES);
    chip->beats = (chip->features + chip->lanes - 1) / chip->lanes;
    TRY(get(chip, ENGRAM_CODES, &value));
    chip->code_width = FIELD(value, ENGRAM_CODES_WIDTH);
    chip->draws = FIELD(value, ENGRAM_CODES_DRAWS);
    TRY(get(chip, ENGRAM_MODES, &value));
    chip->selection = FIELD(value, ENGRAM_MODES_SELECTION);
    chip->secded = FIELD(value, ENGRAM_MODES_SECDED);
    chip->self_test = FIELD(value, ENGRAM_MODES_SELF_TEST);
    chip->scrubber = FIELD(value, ENGRAM_MODES_SCRUB);
    chip->head_hidden = 0;
    if (FIELD(value, ENGRAM_MODES_HIDDEN)) TRY(get(chip, ENGRAM_HEAD_HIDDEN, &chip->head_hidden));
    TRY(get(chip, ENGRAM_HEAD_LATENT, &chip->head_latent));
    TRY(get(chip, ENGRAM_TABLE, &value));
    chip->classes = FIELD(value, ENGRAM_TABLE_CLASSES);
    chip->class_components = FIELD(value, ENGRAM_TABLE_CLASS_COMPONENTS);
    TRY(get(chip, ENGRAM_COMPONENTS, &chip->components));
    TRY(get(chip, ENGRAM_LATENT, &value));
    chip->latent_classes = FIELD(value, ENGRAM_LATENT_CLASSES);
    TRY(get(chip, ENGRAM_NETWORK, &value));
    chip->pixel_bytes = FIELD(value, ENGRAM_NETWORK_PIXEL_BITS) <= 8 ? 1 : 2;
    TRY(get(chip, ENGRAM_LEARNER, &value));
    chip->slots = FIELD(value, ENGRAM_LEARNER_SLOTS);
    chip->table_width = FIELD(value, ENGRAM_LEARNER_TABLE_WIDTH);
    TRY(get(chip, ENGRAM_MIXTURE, &value));
    chip->slot_components = FIELD(value, ENGRAM_MIXTURE_COMPONENTS);
    if (chip->slots && !chip->slot_components) chip->slot_components = 1;
    TRY(get(chip, ENGRAM_HEAD, &value));
    chip->head_width = FIELD(value, ENGRAM_HEAD_WIDTH);
    chip->head_batch = FIELD(value, ENGRAM_HEAD_BATCH);
    TRY(get(chip, ENGRAM_FACTORS, &value));
    chip->rank = FIELD(value, ENGRAM_FACTORS_RANK);
    chip->loading_width = FIELD(value, ENGRAM_FACTORS_LOADING_WIDTH);
    if (chip->classes > ENGRAM_CLASSES || chip->latent_classes > ENGRAM_CLASSES ||
        chip->slots > ENGRAM_SLOTS)
        return ENGRAM_E_ROOM;
    return engram_reset(chip);
}

engram_error engram_reset(engram *chip) {
    const engram_bus *bus = chip->bus;
    uint32_t i, status;
    for (i = 0; i < ENGRAM_CLASSES; ++i)
        chip->known[i].components = chip->known[i].there = chip->known[i].learned = 0;
    for (i = 0; i < ENGRAM_SLOTS; ++i)
        chip->slot[i].begun = chip->slot[i].open = chip->slot[i].filled = 0;
    TRY(set(chip, ENGRAM_CONTROL, ENGRAM_CONTROL_SOFT_RESET_MASK));
    /* The chip drops the rest of a packet that was coming in: end it. */
    TRY(get(chip, ENGRAM_STATUS, &status));
    if (status & ENGRAM_STATUS_RECEIVING_MASK && bus->send(bus->context, 0, 1)) return ENGRAM_E_BUS;
    if (bus->flush && bus->flush(bus->context)) return ENGRAM_E_BUS;
    TRY(set(chip, ENGRAM_ERRORS, ENGRAM_ERRORS_PACKET_MASK | ENGRAM_ERRORS_DRAW_MASK));
    return set(chip, ENGRAM_IRQ_PENDING, UINT32_MAX);
}

/* Load file: rtl/driver/load_file.py states its format. */

static uint32_t get32(const uint8_t *bytes) {
    return (uint32_t)bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16 |
           (uint32_t)bytes[3] << 24;
}

static uint64_t get64(const uint8_t *bytes) {
    return get32(bytes) | (uint64_t)get32(bytes + 4) << 32;
}

static uint32_t crc32(const uint8_t *bytes, size_t size) {
    uint32_t crc = UINT32_MAX;
    size_t i;
    int bit;
    for (i = 0; i < size; ++i) {
        crc ^= bytes[i];
        for (bit = 0; bit < 8; ++bit) crc = crc >> 1 ^ (crc & 1 ? UINT32_C(0xedb88320) : 0);
    }
    return ~crc;
}

/* Check that the packets of a file are whole, and as many as it states. */
static engram_error check_packets(const uint8_t *file, size_t size) {
    uint32_t packets = 0;
    size_t place = FILE_HEADER;
    for (; place < size; ++packets) {
        const uint64_t words = get64(file + place);
        place += 8;
        if (words == 0 || words > (size - place) / 8) return ENGRAM_E_FILE;
        place += (size_t)words * 8;
    }
    return packets == get32(file + 56) ? ENGRAM_E_OK : ENGRAM_E_FILE;
}

static engram_error check_file(const engram *chip, const uint8_t *file, size_t size) {
    static const uint32_t SIZES[] = {
        ENGRAM_SHAPE,      ENGRAM_MVU,       ENGRAM_NETWORK,      ENGRAM_CHANNELS,
        ENGRAM_WEIGHT_DEPTH, ENGRAM_TILE_DEPTH, ENGRAM_MAP_DEPTH, ENGRAM_PROGRAM_DEPTH,
    };
    static const char MAGIC[] = "engrload";
    uint32_t i, value;
    if (size < FILE_HEADER || size % 8) return ENGRAM_E_FILE;
    for (i = 0; i < 8; ++i)
        if (file[i] != (uint8_t)MAGIC[i]) return ENGRAM_E_FILE;
    if (get32(file + 8) != 1 || get32(file + 12) != crc32(file + 16, size - 16))
        return ENGRAM_E_FILE;
    TRY(check_packets(file, size));
    for (i = 0; i < sizeof SIZES / sizeof *SIZES; ++i) {
        TRY(get(chip, SIZES[i], &value));
        if (value != get32(file + 16 + 4 * i)) return ENGRAM_E_SIZES;
    }
    return ENGRAM_E_OK;
}

engram_error engram_load(engram *chip, const uint8_t *file, size_t size) {
    const engram_bus *bus = chip->bus;
    size_t place = FILE_HEADER;
    chip->pixels = chip->head_classes = 0;
    TRY(check_file(chip, file, size));
    while (place < size) {
        uint64_t words = get64(file + place);
        for (place += 8; words; --words, place += 8)
            if (bus->send(bus->context, get64(file + place), words == 1)) return ENGRAM_E_BUS;
    }
    TRY(accepted(chip));
    chip->pixels = get32(file + 48);
    chip->head_classes = get32(file + 52);
    return ENGRAM_E_OK;
}

/* Seeds of the streams (contract, 4) */

static uint64_t stream_seed(uint64_t seed, uint32_t stream) {
    uint64_t z = seed + (stream + 1) * UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    z ^= z >> 31;
    return z ? z : 1;
}

engram_error engram_seed(engram *chip, uint64_t seed) {
    uint32_t stream;
    packet p = begin(chip, ENGRAM_TARGET_SEEDS, 0, 0, ENGRAM_STREAMS, ENGRAM_STREAMS);
    for (stream = 0; stream < ENGRAM_STREAMS; ++stream) put(&p, stream_seed(seed, stream), WORD);
    TRY(p.error);
    return accepted(chip);
}

/* Classes */

/* Return whether the prototype memory has a class that was not removed. */
static int any_class(const engram *chip) {
    uint32_t label;
    for (label = 0; label < chip->classes; ++label)
        if (chip->known[label].there) return 1;
    return 0;
}

/* Return whether a class of so many components can be written under a number. */
static engram_error check_room(const engram *chip, uint32_t label, uint32_t components) {
    uint32_t n_classes, n_components;
    TRY(get(chip, ENGRAM_N_CLASSES, &n_classes));
    TRY(get(chip, ENGRAM_N_COMPONENTS, &n_components));
    if (label < n_classes)
        return components == chip->known[label].components ? ENGRAM_E_OK : ENGRAM_E_OVERFLOW;
    if (label > n_classes || label >= chip->classes || components > chip->class_components ||
        components > chip->components - n_components)
        return ENGRAM_E_OVERFLOW;
    return ENGRAM_E_OK;
}

static void note_class(engram *chip, uint32_t label, uint32_t components) {
    chip->known[label].components = (uint8_t)components;
    chip->known[label].there = 1;
}

/* Pictures */

engram_error engram_see(engram *chip, uint32_t classes) {
    return set(chip, ENGRAM_CLASSES_SEEN, classes);
}

/* Send a picture with a class and what its features are given to, and set what it sends out. */
static engram_error show(const engram *chip, const uint8_t *picture, uint32_t output,
                         uint32_t label, uint32_t address) {
    const uint32_t bytes = chip->pixels * chip->pixel_bytes;
    uint32_t i;
    packet p;
    if (chip->pixels == 0) return ENGRAM_E_NETWORK;
    TRY(set(chip, ENGRAM_OUTPUT, output));
    p = begin(chip, ENGRAM_TARGET_PIXELS, label, address, chip->pixels, words_of(8 * bytes));
    for (i = 0; i < bytes; ++i) put(&p, picture[i], 8);
    end_unit(&p);
    return p.error;
}

engram_error engram_classify(engram *chip, const uint8_t *picture, uint32_t *label,
                             int32_t *logits) {
    const uint32_t words = logits ? chip->head_classes : 1;
    uint32_t n, user;
    uint64_t word = 0;
    if (chip->head_classes == 0) return ENGRAM_E_NETWORK;
    TRY(show(chip, picture, logits ? ENGRAM_OUTPUT_CLASS_MASK | ENGRAM_OUTPUT_LOGITS_MASK
                                   : ENGRAM_OUTPUT_CLASS_MASK, 0, 0));
    for (n = 0; n < words; ++n) {
        int last;
        uint32_t logit;
        TRY(take(chip, ENGRAM_KIND_RESULT, &word, &user, &last));
        if (last != (n == words - 1)) return ENGRAM_E_ANSWER;
        logit = (uint32_t)word;
        if (logits) logits[n] = logit >> 31 ? -(int32_t)~logit - 1 : (int32_t)logit;
    }
    *label = (uint32_t)(word >> 32);
    return accepted(chip);
}

engram_error engram_embed(engram *chip, const uint8_t *picture, uint8_t *vector) {
    uint32_t beat, user;
    TRY(show(chip, picture, ENGRAM_OUTPUT_FEATURES_MASK, 0, 0));
    for (beat = 0; beat < chip->beats; ++beat) {
        int last;
        uint64_t word;
        TRY(take(chip, ENGRAM_KIND_FEATURES, &word, &user, &last));
        if (last != (beat == chip->beats - 1)) return ENGRAM_E_ANSWER;
        store_beat(chip, vector, beat, word);
    }
    return accepted(chip);
}

engram_error engram_answer(engram *chip, const uint8_t *picture, uint32_t *label,
                           uint64_t *cost) {
    int last;
    uint32_t user;
    uint64_t word;
    if (chip->table_width == 0) return ENGRAM_E_ARGUMENT;
    if (!any_class(chip)) return ENGRAM_E_UNKNOWN;
    TRY(show(chip, picture, ENGRAM_OUTPUT_ANSWER_MASK, 0, 0));
    TRY(take(chip, ENGRAM_KIND_ANSWER, &word, &user, &last));
    if (!last) return ENGRAM_E_ANSWER;
    *label = (uint32_t)FIELD(word, ENGRAM_ANSWER_LABEL);
    *cost = FIELD(word, ENGRAM_ANSWER_COST);
    return accepted(chip);
}

/* Exemplars */

/* Send a vector, and wait until a counter of the exemplars that are given counts it. */
static engram_error give(const engram *chip, uint32_t target, uint32_t index, uint32_t counter,
                         const uint8_t *vector) {
    uint32_t beat, before;
    packet p;
    TRY(get(chip, counter, &before));
    p = begin(chip, target, index, 0, 0, chip->beats);
    for (beat = 0; beat < chip->beats; ++beat) put(&p, beat_of(chip, vector, beat), WORD);
    TRY(p.error);
    TRY(accepted(chip));
    return await(chip, counter, UINT32_MAX, before + 1);
}

/* The same for the features of a picture. */
static engram_error give_picture(const engram *chip, uint32_t label, uint32_t address,
                                 uint32_t counter, const uint8_t *picture) {
    uint32_t before;
    TRY(get(chip, counter, &before));
    TRY(show(chip, picture, 0, label, address));
    TRY(accepted(chip));
    return await(chip, counter, UINT32_MAX, before + 1);
}

engram_error engram_learn(engram *chip, uint32_t label, const uint8_t *vector) {
    if (label >= chip->latent_classes) return ENGRAM_E_ARGUMENT;
    TRY(give(chip, ENGRAM_TARGET_LEARN, label, ENGRAM_LEARNED, vector));
    chip->known[label].learned = 1;
    return ENGRAM_E_OK;
}

engram_error engram_learn_picture(engram *chip, uint32_t label, const uint8_t *picture) {
    if (label >= chip->latent_classes) return ENGRAM_E_ARGUMENT;
    TRY(give_picture(chip, label, ENGRAM_PICTURE_LEARN_MASK, ENGRAM_LEARNED, picture));
    chip->known[label].learned = 1;
    return ENGRAM_E_OK;
}

/* Note an exemplar of a slot: the first ones begin a component each. */
static engram_error note_exemplar(engram *chip, uint32_t slot) {
    if (chip->slot[slot].filled < chip->slot_components) ++chip->slot[slot].filled;
    return ENGRAM_E_OK;
}

engram_error engram_count(engram *chip, uint32_t slot, const uint8_t *vector) {
    if (slot >= chip->slots) return ENGRAM_E_ARGUMENT;
    if (!chip->slot[slot].open) return ENGRAM_E_SLOT;
    TRY(give(chip, ENGRAM_TARGET_COUNT, slot, ENGRAM_COUNTED, vector));
    return note_exemplar(chip, slot);
}

engram_error engram_count_picture(engram *chip, uint32_t slot, const uint8_t *picture) {
    const uint32_t address = ENGRAM_PICTURE_COUNT_MASK | slot << ENGRAM_PICTURE_SLOT_SHIFT;
    if (slot >= chip->slots) return ENGRAM_E_ARGUMENT;
    if (!chip->slot[slot].open) return ENGRAM_E_SLOT;
    TRY(give_picture(chip, 0, address, ENGRAM_COUNTED, picture));
    return note_exemplar(chip, slot);
}

/* Prototypes */

/* Send a class, with its number in `address` or as the next one. */
static engram_error send_class(const engram *chip, uint32_t address, uint32_t components,
                               const uint16_t *codes, const uint16_t *thresholds) {
    const uint32_t slots = chip->class_components > 1 ? chip->class_components - 1 : 1;
    const uint32_t row_words = words_of(chip->lanes * chip->code_width);
    const uint32_t features = chip->features;
    uint32_t i, lane, beat;
    packet p;
    for (i = 0; i < components * features; ++i)
        if ((uint32_t)codes[i] >> chip->code_width) return ENGRAM_E_ARGUMENT;
    p = begin(chip, ENGRAM_TARGET_APPEND, components, address, 0,
              words_of(16 * slots) + components * chip->beats * row_words);
    for (i = 0; i < slots; ++i) put(&p, i + 1 < components ? thresholds[i] : 0, 16);
    end_unit(&p);
    for (i = 0; i < components; ++i, codes += features)
        for (beat = 0; beat < chip->beats; ++beat) {
            for (lane = 0; lane < chip->lanes; ++lane) {
                const uint32_t feature = beat * chip->lanes + lane;
                put(&p, feature < features ? codes[feature] : 0, chip->code_width);
            }
            end_unit(&p);
        }
    TRY(p.error);
    return accepted(chip);
}

engram_error engram_append(engram *chip, uint32_t components, const uint16_t *codes,
                           const uint16_t *thresholds) {
    uint32_t label;
    if (components == 0) return ENGRAM_E_ARGUMENT;
    TRY(get(chip, ENGRAM_N_CLASSES, &label));
    TRY(check_room(chip, label, components));
    TRY(send_class(chip, 0, components, codes, thresholds));
    TRY(await(chip, ENGRAM_N_CLASSES, UINT32_MAX, label + 1));
    note_class(chip, label, components);
    return ENGRAM_E_OK;
}

engram_error engram_replace(engram *chip, uint32_t label, uint32_t components,
                            const uint16_t *codes, const uint16_t *thresholds) {
    if (components == 0 || !(chip->slots || chip->table_width)) return ENGRAM_E_ARGUMENT;
    if (label >= chip->classes || !chip->known[label].components) return ENGRAM_E_UNKNOWN;
    TRY(check_room(chip, label, components));
    TRY(send_class(chip, ENGRAM_CLASS_NUMBERED_MASK | label, components, codes, thresholds));
    note_class(chip, label, components);
    return ENGRAM_E_OK;
}

engram_error engram_remove(engram *chip, uint32_t label) {
    if (!(chip->slots || chip->table_width)) return ENGRAM_E_ARGUMENT;
    if (label >= chip->classes || !chip->known[label].components) return ENGRAM_E_UNKNOWN;
    TRY(send_class(chip, ENGRAM_CLASS_NUMBERED_MASK | label, 0, NULL, NULL));
    chip->known[label].there = 0;
    return ENGRAM_E_OK;
}

/* Send a command to a slot. */
static engram_error command(const engram *chip, uint32_t slot, uint32_t label,
                            uint32_t operation) {
    packet p = begin(chip, ENGRAM_TARGET_COMMAND, slot, label, 1, 1);
    put(&p, operation, WORD);
    TRY(p.error);
    return accepted(chip);
}

engram_error engram_open_slot(engram *chip, uint32_t slot, uint32_t label) {
    if (slot >= chip->slots || label >= chip->classes) return ENGRAM_E_ARGUMENT;
    TRY(command(chip, slot, label, ENGRAM_OPERATION_OPEN));
    chip->slot[slot].label = (uint16_t)label;
    chip->slot[slot].begun = chip->slot[slot].open = 1;
    chip->slot[slot].filled = 0;
    return ENGRAM_E_OK;
}

engram_error engram_reopen_slot(engram *chip, uint32_t slot) {
    if (slot >= chip->slots) return ENGRAM_E_ARGUMENT;
    if (!chip->slot[slot].begun) return ENGRAM_E_SLOT;
    TRY(command(chip, slot, 0, ENGRAM_OPERATION_REOPEN));
    chip->slot[slot].open = 1;
    return ENGRAM_E_OK;
}

engram_error engram_close_slot(engram *chip, uint32_t slot) {
    if (slot >= chip->slots) return ENGRAM_E_ARGUMENT;
    if (!chip->slot[slot].open || !chip->slot[slot].filled) return ENGRAM_E_SLOT;
    TRY(check_room(chip, chip->slot[slot].label, chip->slot[slot].filled));
    TRY(command(chip, slot, 0, ENGRAM_OPERATION_CLOSE));
    TRY(await(chip, ENGRAM_STATUS, ENGRAM_STATUS_CLOSING_MASK, 0));
    chip->slot[slot].open = 0;
    note_class(chip, chip->slot[slot].label, chip->slot[slot].filled);
    return ENGRAM_E_OK;
}

engram_error engram_costs(engram *chip, const uint64_t *weights, const uint64_t *bases) {
    const uint32_t rows = UINT32_C(1) << (chip->code_width - 1);
    uint32_t i;
    packet p;
    if (chip->table_width == 0) return ENGRAM_E_ARGUMENT;
    for (i = 0; i < rows; ++i)
        if ((weights[i] | bases[i]) >> chip->table_width) return ENGRAM_E_ARGUMENT;
    p = begin(chip, ENGRAM_TARGET_TABLE, 0, 0, rows, rows * words_of(2 * chip->table_width));
    for (i = 0; i < rows; ++i) {
        put(&p, weights[i], chip->table_width);
        put(&p, bases[i], chip->table_width);
        end_unit(&p);
    }
    TRY(p.error);
    return accepted(chip);
}

engram_error engram_weigh(engram *chip, uint32_t classes, const uint16_t *thresholds) {
    uint32_t i;
    packet p;
    if (classes == 0 || classes > chip->classes) return ENGRAM_E_ARGUMENT;
    for (i = 1; i + 1 < classes; ++i)
        if (thresholds[i] < thresholds[i - 1]) return ENGRAM_E_ARGUMENT;
    p = begin(chip, ENGRAM_TARGET_CLASS_THRESHOLDS, 0, 0, classes - 1, classes - 1);
    for (i = 0; i < classes - 1; ++i) put(&p, thresholds[i], WORD);
    TRY(p.error);
    TRY(accepted(chip));
    chip->weights = classes;
    for (i = 0; i < classes; ++i) {
        const uint32_t from = i ? thresholds[i - 1] : 0;
        const uint32_t to = i + 1 < classes ? thresholds[i] : UINT32_C(65536);
        chip->known[i].weighed = from < to;
    }
    return ENGRAM_E_OK;
}

/* Factors */

/* Return the loading of a lane of a beat for a factor: 0 past the last feature. */
static uint64_t loading_of(const engram *chip, const int8_t *loadings, uint32_t feature,
                           uint32_t factor) {
    const uint64_t mask = (UINT64_C(1) << chip->loading_width) - 1;
    if (feature >= chip->features) return 0;
    return (uint64_t)(int64_t)loadings[(size_t)feature * chip->rank + factor] & mask;
}

engram_error engram_load_basis(engram *chip, const int8_t *loadings, uint32_t exponent) {
    const size_t count = (size_t)chip->features * chip->rank;
    uint32_t beat, factor, lane, status;
    size_t i;
    packet p;
    if (chip->rank == 0 || exponent > 15) return ENGRAM_E_ARGUMENT;
    for (i = 0; i < count; ++i) {
        const int highest = (1 << (chip->loading_width - 1)) - 1;
        if (loadings[i] > highest || loadings[i] < -highest) return ENGRAM_E_ARGUMENT;
    }
    p = begin(chip, ENGRAM_TARGET_BASIS, 0, exponent, 0,
              chip->beats * chip->rank * words_of(chip->lanes * chip->loading_width));
    for (beat = 0; beat < chip->beats; ++beat)
        for (factor = 0; factor < chip->rank; ++factor) {
            for (lane = 0; lane < chip->lanes; ++lane)
                put(&p, loading_of(chip, loadings, beat * chip->lanes + lane, factor),
                    chip->loading_width);
            end_unit(&p);
        }
    TRY(p.error);
    TRY(accepted(chip));
    TRY(get(chip, ENGRAM_STATUS, &status));
    return status & ENGRAM_STATUS_BASIS_MASK ? ENGRAM_E_OK : ENGRAM_E_BASIS;
}

/* Draws */

/* Refuse a draw that the chip would refuse, or for which it would wait for ever. */
static engram_error check_draw(const engram *chip, uint32_t source, uint32_t label,
                               uint32_t requests) {
    uint32_t n_classes, left, i;
    if (requests == 0) return ENGRAM_E_ARGUMENT;
    TRY(get(chip, ENGRAM_N_CLASSES, &n_classes));
    TRY(get(chip, ENGRAM_DRAW_LEFT, &left));
    if (left) return ENGRAM_E_DRAW;
    switch (source) {
        case ENGRAM_SOURCE_SAMPLER:
            if (label >= chip->classes) return ENGRAM_E_UNKNOWN;
            return chip->known[label].there ? ENGRAM_E_OK : ENGRAM_E_UNKNOWN;
        case ENGRAM_SOURCE_SELECTOR:
            if (!any_class(chip)) return ENGRAM_E_UNKNOWN;
            if (chip->selection != 2) return ENGRAM_E_OK;
            /* Without a weight among those that are there, the chip would search for ever. */
            for (i = 0; chip->weights == n_classes && i < n_classes; ++i)
                if (chip->known[i].there && chip->known[i].weighed) return ENGRAM_E_OK;
            return ENGRAM_E_DRAW;
        case ENGRAM_SOURCE_LATENT:
            if (label >= chip->latent_classes) return ENGRAM_E_UNKNOWN;
            return chip->known[label].learned ? ENGRAM_E_OK : ENGRAM_E_UNKNOWN;
        default:
            return ENGRAM_E_ARGUMENT;
    }
}

static engram_error set_source(const engram *chip, uint32_t source, uint32_t label) {
    return set(chip, ENGRAM_DRAW_SOURCE, source << ENGRAM_DRAW_SOURCE_SOURCE_SHIFT |
                                             (label << ENGRAM_DRAW_SOURCE_LABEL_SHIFT &
                                              ENGRAM_DRAW_SOURCE_LABEL_MASK));
}

engram_error engram_draw(engram *chip, uint32_t source, uint32_t label, uint32_t requests,
                         uint8_t *vectors, uint16_t *labels) {
    const int latent = source == ENGRAM_SOURCE_LATENT;
    const uint32_t kind = latent ? ENGRAM_KIND_LATENT : ENGRAM_KIND_EXEMPLAR;
    const uint32_t draws = latent ? 1 : chip->draws;
    const size_t size = engram_vector_bytes(chip);
    uint32_t beat, draw, user;
    TRY(check_draw(chip, source, label, requests));
    TRY(set_source(chip, source, label));
    TRY(set(chip, ENGRAM_DRAW_COUNT, requests));
    TRY(set(chip, ENGRAM_CONTROL, ENGRAM_CONTROL_DRAW_MASK));
    for (; requests; --requests, vectors += draws * size) {
        /* The exemplars of a request lie in one another: beat 0 of each, then beat 1 of each. */
        for (beat = 0; beat < chip->beats; ++beat)
            for (draw = 0; draw < draws; ++draw) {
                int last;
                uint64_t word;
                TRY(take(chip, kind, &word, &user, &last));
                if (last != (beat == chip->beats - 1)) return ENGRAM_E_ANSWER;
                store_beat(chip, vectors + draw * size, beat, word);
            }
        for (draw = 0; labels && draw < draws; ++draw)
            *labels++ = (uint16_t)FIELD(user, ENGRAM_USER_LABEL);
    }
    return ENGRAM_E_OK;
}

/* The head that learns */

static int head_has(const engram *chip, uint32_t classes) {
    return chip->head_width && classes && classes <= chip->classes;
}

static engram_error head_command(const engram *chip, uint32_t operation, uint32_t given,
                                 uint32_t classes, uint32_t draws) {
    packet p = begin(chip, ENGRAM_TARGET_HEAD_COMMAND, given,
                     classes << ENGRAM_HEAD_COMMAND_CLASSES_SHIFT |
                         draws << ENGRAM_HEAD_COMMAND_DRAWS_SHIFT, 1, 1);
    put(&p, operation, WORD);
    TRY(p.error);
    return accepted(chip);
}

static uint32_t head_beats(const engram *chip) {
    return (chip->head_hidden + chip->features + chip->lanes - 1) / chip->lanes;
}

static engram_error head_give(const engram *chip, uint32_t label, uint32_t address,
                              const uint8_t *vector) {
    uint32_t beat;
    packet p = begin(chip, ENGRAM_TARGET_HEAD_EXEMPLAR, label, address, 0, chip->beats);
    for (beat = 0; beat < chip->beats; ++beat) put(&p, beat_of(chip, vector, beat), WORD);
    TRY(p.error);
    return accepted(chip);
}

/* Whether weights have a number of bits, with their sign. */
static int head_fits(const int32_t *weights, size_t count, uint32_t width) {
    const int32_t most = (int32_t)(UINT32_MAX >> (33 - width));
    size_t i;
    for (i = 0; i < count; ++i)
        if (weights[i] > most || weights[i] < -most - 1) return 0;
    return 1;
}

/* Put the rows of a class or of a neuron, which has a weight for each of some inputs. */
static void put_rows(const engram *chip, packet *p, const int32_t *weights, uint32_t inputs,
                     uint32_t width) {
    const uint32_t mask = UINT32_MAX >> (32 - width);
    uint32_t lane, input = 0;
    while (input < inputs) {
        for (lane = 0; lane < chip->lanes; ++lane, ++input)
            put(p, input < inputs ? (uint32_t)weights[input] & mask : 0, width);
        end_unit(p);
    }
}

/* Take the rows of classes or of neurons. */
static engram_error take_rows(const engram *chip, int32_t *weights, uint32_t count,
                              uint32_t inputs, uint32_t width) {
    const uint32_t beats = (inputs + chip->lanes - 1) / chip->lanes;
    uint32_t i, lane, beat;
    for (i = 0; i < count; ++i, weights += inputs)
        for (beat = 0; beat < beats; ++beat) {
            uint64_t word = 0;
            for (lane = 0; lane < chip->lanes; ++lane) {
                const uint32_t input = beat * chip->lanes + lane, place = lane * width % WORD;
                uint32_t user;
                int last;
                if (place == 0) {
                    const int final = i + 1 == count && beat + 1 == beats &&
                                      chip->lanes - lane <= WORD / width;
                    TRY(take(chip, ENGRAM_KIND_HEAD_ROWS, &word, &user, &last));
                    if (last != final) return ENGRAM_E_ANSWER;
                }
                if (input < inputs) {
                    const uint32_t code = (uint32_t)(word >> place) << (32 - width);
                    const uint32_t magnitude = (code >> 31 ? ~code : code) >> (32 - width);
                    weights[input] = code >> 31 ? -(int32_t)magnitude - 1 : (int32_t)magnitude;
                }
            }
        }
    return ENGRAM_E_OK;
}

engram_error engram_head_load(engram *chip, uint32_t first, uint32_t classes,
                              const int32_t *weights) {
    const uint32_t beats = head_beats(chip), inputs = chip->head_hidden + chip->features;
    const uint32_t width = chip->head_width;
    uint32_t i;
    packet p;
    if (!head_has(chip, classes) || first > chip->classes - classes ||
        !head_fits(weights, (size_t)classes * inputs, width))
        return ENGRAM_E_ARGUMENT;
    p = begin(chip, ENGRAM_TARGET_HEAD_ROWS, 0, first * beats, classes * beats,
              classes * beats * words_of(chip->lanes * width));
    for (i = 0; i < classes; ++i) put_rows(chip, &p, weights + (size_t)i * inputs, inputs, width);
    TRY(p.error);
    return accepted(chip);
}

engram_error engram_head_read(engram *chip, uint32_t classes, int32_t *weights) {
    if (!head_has(chip, classes)) return ENGRAM_E_ARGUMENT;
    TRY(head_command(chip, ENGRAM_HEAD_OPERATION_READ, 0, classes, 0));
    return take_rows(chip, weights, classes, chip->head_hidden + chip->features, chip->head_width);
}

engram_error engram_head_clear(engram *chip) {
    if (chip->head_width == 0) return ENGRAM_E_ARGUMENT;
    return head_command(chip, ENGRAM_HEAD_OPERATION_CLEAR, 0, 0, 0);
}

static int has_neurons(const engram *chip, uint32_t first, uint32_t neurons) {
    return neurons <= chip->head_hidden && first <= chip->head_hidden - neurons;
}

/* Return the address of a packet with the rows of a neuron. */
static uint32_t neuron_address(const engram *chip, uint32_t neuron) {
    return ENGRAM_HEAD_EXEMPLAR_HIDDEN_MASK |
           neuron * chip->beats << ENGRAM_HEAD_EXEMPLAR_ROW_SHIFT;
}

engram_error engram_head_load_hidden(engram *chip, uint32_t first, uint32_t neurons,
                                     const uint8_t *weights) {
    const size_t size = engram_vector_bytes(chip);
    uint32_t i;
    if (chip->head_latent || !has_neurons(chip, first, neurons)) return ENGRAM_E_ARGUMENT;
    for (i = 0; i < neurons; ++i)
        TRY(head_give(chip, 0, neuron_address(chip, first + i), weights + i * size));
    return ENGRAM_E_OK;
}

engram_error engram_head_load_latent(engram *chip, uint32_t first, uint32_t neurons,
                                     const int32_t *weights) {
    const uint32_t width = chip->head_latent, inputs = chip->features;
    uint32_t i;
    if (!width || !has_neurons(chip, first, neurons) ||
        !head_fits(weights, (size_t)neurons * inputs, width))
        return ENGRAM_E_ARGUMENT;
    for (i = 0; i < neurons; ++i) {
        packet p = begin(chip, ENGRAM_TARGET_HEAD_EXEMPLAR, 0, neuron_address(chip, first + i), 0,
                         chip->beats * words_of(chip->lanes * width));
        put_rows(chip, &p, weights + (size_t)i * inputs, inputs, width);
        TRY(p.error);
        TRY(accepted(chip));
    }
    return ENGRAM_E_OK;
}

engram_error engram_head_read_latent(engram *chip, uint32_t neurons, int32_t *weights) {
    if (!chip->head_latent || !neurons || neurons > chip->head_hidden) return ENGRAM_E_ARGUMENT;
    TRY(head_command(chip, ENGRAM_HEAD_OPERATION_READ_HIDDEN, 0, neurons, 0));
    return take_rows(chip, weights, neurons, chip->features, chip->head_latent);
}

engram_error engram_head_learn(engram *chip, uint32_t classes, uint32_t count,
                               const uint8_t *vectors, const uint16_t *labels,
                               const engram_past *past, uint32_t *hits) {
    const uint32_t draws = past ? past->draws : 0;
    uint32_t i, before;
    if (!head_has(chip, classes) || count > chip->head_batch ||
        draws > chip->head_batch - count || count + draws == 0)
        return ENGRAM_E_ARGUMENT;
    for (i = 0; i < count; ++i)
        if (labels[i] >= classes) return ENGRAM_E_ARGUMENT;
    if (draws) {
        TRY(check_draw(chip, past->source, past->label, draws));
        TRY(set_source(chip, past->source, past->label));
    }
    TRY(get(chip, ENGRAM_HITS, &before));
    TRY(head_command(chip, ENGRAM_HEAD_OPERATION_LEARN, count, classes, draws));
    for (i = 0; i < count; ++i, vectors += engram_vector_bytes(chip))
        TRY(head_give(chip, labels[i], 0, vectors));
    TRY(await(chip, ENGRAM_STATUS, ENGRAM_STATUS_TRAINING_MASK, 0));
    TRY(get(chip, ENGRAM_HITS, hits));
    *hits -= before;
    return ENGRAM_E_OK;
}

engram_error engram_head_classify(engram *chip, uint32_t classes, const uint8_t *vector,
                                  uint32_t *label, int64_t *sum) {
    const uint64_t sign = (ENGRAM_HEAD_ANSWER_SUM_MASK >> 1) + 1;
    int last;
    uint32_t user;
    uint64_t word, total;
    if (!head_has(chip, classes)) return ENGRAM_E_ARGUMENT;
    TRY(head_command(chip, ENGRAM_HEAD_OPERATION_CLASSIFY, 1, classes, 0));
    TRY(head_give(chip, 0, 0, vector));
    TRY(take(chip, ENGRAM_KIND_HEAD_ANSWER, &word, &user, &last));
    if (!last) return ENGRAM_E_ANSWER;
    *label = (uint32_t)FIELD(word, ENGRAM_HEAD_ANSWER_LABEL);
    total = FIELD(word, ENGRAM_HEAD_ANSWER_SUM);
    *sum = (int64_t)(total & ~sign) - (int64_t)(total & sign);
    return ENGRAM_E_OK;
}

/* Watch over the prototypes */

/* Take the failure that waits; store it if there is room. */
static engram_error take_failure(engram *chip, engram_memory_test *found, engram_failure *failures,
                                 uint32_t room) {
    uint32_t place, bits;
    TRY(get(chip, ENGRAM_FAILURE, &place));
    TRY(get(chip, ENGRAM_FAILURE_BITS, &bits));
    if (found->failures < room) {
        engram_failure *failure = failures + found->failures;
        failure->row = FIELD(place, ENGRAM_FAILURE_ROW);
        failure->part = FIELD(place, ENGRAM_FAILURE_PART);
        failure->element = FIELD(place, ENGRAM_FAILURE_ELEMENT);
        failure->bits = bits;
    }
    ++found->failures;
    return set(chip, ENGRAM_MEMORY_TEST,
               ENGRAM_MEMORY_TEST_NEXT_MASK | ENGRAM_MEMORY_TEST_LISTED_MASK);
}

engram_error engram_test_memory(engram *chip, engram_memory_test *found, engram_failure *failures,
                                uint32_t room) {
    const engram_bus *bus = chip->bus;
    const uint32_t listed = failures ? ENGRAM_MEMORY_TEST_LISTED_MASK : 0;
    if (!chip->self_test) return ENGRAM_E_ARGUMENT;
    TRY(engram_reset(chip));
    TRY(set(chip, ENGRAM_MEMORY_TEST, ENGRAM_MEMORY_TEST_START_MASK | listed));
    found->failures = 0;
    for (;;) {
        uint32_t state;
        TRY(get(chip, ENGRAM_MEMORY_TEST, &state));
        if (state & ENGRAM_MEMORY_TEST_WAITING_MASK)
            TRY(take_failure(chip, found, failures, room));
        else if (!(state & ENGRAM_MEMORY_TEST_RUNNING_MASK))
            break;
        else if (bus->wait && bus->wait(bus->context))
            return ENGRAM_E_WAIT;
    }
    TRY(get(chip, ENGRAM_FAILING_WORDS, &found->words));
    TRY(get(chip, ENGRAM_FAILING_BITS, &found->bits));
    return get(chip, ENGRAM_FAILING_FIRST, &found->first);
}

engram_error engram_wrong_words(engram *chip, uint32_t *corrected, uint32_t *uncorrected) {
    if (!chip->secded) return ENGRAM_E_ARGUMENT;
    TRY(get(chip, ENGRAM_CORRECTED, corrected));
    return get(chip, ENGRAM_UNCORRECTED, uncorrected);
}

engram_error engram_clear_wrong_words(engram *chip) {
    if (!chip->secded) return ENGRAM_E_ARGUMENT;
    TRY(set(chip, ENGRAM_CORRECTED, 0));
    return set(chip, ENGRAM_UNCORRECTED, 0);
}

engram_error engram_scrub(engram *chip, uint32_t interval) {
    if (!chip->scrubber || interval == 1) return ENGRAM_E_ARGUMENT;
    return set(chip, ENGRAM_SCRUB_INTERVAL, interval);
}

engram_error engram_scrubbed(engram *chip, uint32_t *reads, uint32_t *writes, uint32_t *failures) {
    if (!chip->scrubber) return ENGRAM_E_ARGUMENT;
    TRY(get(chip, ENGRAM_SCRUB_READS, reads));
    TRY(get(chip, ENGRAM_SCRUB_WRITES, writes));
    return get(chip, ENGRAM_SCRUB_FAILURES, failures);
}

engram_error engram_clear_scrubbed(engram *chip) {
    if (!chip->scrubber) return ENGRAM_E_ARGUMENT;
    TRY(set(chip, ENGRAM_SCRUB_READS, 0));
    TRY(set(chip, ENGRAM_SCRUB_WRITES, 0));
    return set(chip, ENGRAM_SCRUB_FAILURES, 0);
}

/* Interrupts */

engram_error engram_enable(engram *chip, uint32_t events) {
    return set(chip, ENGRAM_IRQ_ENABLE, events);
}

engram_error engram_events(engram *chip, uint32_t *events) {
    TRY(get(chip, ENGRAM_IRQ_PENDING, events));
    return set(chip, ENGRAM_IRQ_PENDING, *events);
}
