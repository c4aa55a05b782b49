/* SPDX-License-Identifier: MIT */
/* Driver of the chip (docs/driver.md): C99, no library but freestanding headers, no memory of its
 * own. Every call waits until the chip has done what it asks, so that one follows another. */
#ifndef ENGRAM_DRIVER_H
#define ENGRAM_DRIVER_H

#include <stddef.h>
#include <stdint.h>

#include "registers.h"

#ifdef __cplusplus
extern "C" {
#endif

/* What a call returns. */
typedef enum engram_error {
    ENGRAM_E_OK,       /* done */
    ENGRAM_E_BUS,      /* a function of the bus failed */
    ENGRAM_E_WAIT,     /* the wait function of the bus gave up */
    ENGRAM_E_ID,       /* no chip answers at this address */
    ENGRAM_E_VERSION,  /* the chip has another register map than this driver */
    ENGRAM_E_ARGUMENT, /* an argument is out of the chip's range */
    ENGRAM_E_FILE,     /* this is no load file, or it is damaged */
    ENGRAM_E_SIZES,    /* the load file was made for a chip of other sizes */
    ENGRAM_E_NETWORK,  /* no network is loaded, or it has no head */
    ENGRAM_E_PACKET,   /* the chip found fault with a packet */
    ENGRAM_E_DRAW,     /* a draw goes on, or its classes have no weights */
    ENGRAM_E_OVERFLOW, /* the class does not fit the prototype memory */
    ENGRAM_E_UNKNOWN,  /* the class is not there */
    ENGRAM_E_ANSWER,   /* a packet came that was not asked for */
    ENGRAM_E_RESET,    /* a soft reset cut a packet short */
    ENGRAM_E_SLOT,     /* the slot is not open, never was, or holds no exemplar */
    ENGRAM_E_ROOM,     /* the chip has more than ENGRAM_CLASSES or ENGRAM_SLOTS */
    ENGRAM_E_BASIS,    /* the chip refused the basis, because a sum is out of bounds */
    ENGRAM_E_COUNT     /* how many there are */
} engram_error;

/* How the chip is reached. A function returns 0, or anything else if it failed. */
typedef struct engram_bus {
    void *context; /* passed to every function */
    /* Read or write a register at a byte address, in one access of 32 bits. */
    int (*read)(void *context, uint32_t address, uint32_t *value);
    int (*write)(void *context, uint32_t address, uint32_t value);
    /* Send a word of a packet. With `last`, return once the chip has taken the whole packet. */
    int (*send)(void *context, uint64_t word, int last);
    /* Wait for the next word from the chip, with its `tuser` and `tlast`. */
    int (*receive)(void *context, uint64_t *word, uint32_t *user, int *last);
    /* Called between two looks at a register: sleep until `irq`, or give up by returning anything
     * but 0. NULL: the driver looks again at once, for ever. */
    int (*wait)(void *context);
    /* Called after a reset: forget all words that came and were not received. NULL: nothing keeps
     * words for `receive`, no FIFO and no buffer. */
    int (*flush)(void *context);
} engram_bus;

/* Classes and slots of which the driver can keep track, at 4 and 6 bytes each. */
#ifndef ENGRAM_CLASSES
#define ENGRAM_CLASSES 256
#endif
#ifndef ENGRAM_SLOTS
#define ENGRAM_SLOTS 16
#endif

/* A chip. Its members are for reading. */
typedef struct engram {
    const engram_bus *bus;
    uint32_t features, lanes, beats;      /* D, L, and words of an exemplar */
    uint32_t code_width, draws;           /* q, and M exemplars a request */
    uint32_t classes, components;         /* of the prototype memory */
    uint32_t class_components;            /* K at most */
    uint32_t latent_classes;              /* of the latent buffer */
    uint32_t pixel_bytes;                 /* of a colour value: 1 or 2 */
    uint32_t pixels;                      /* colour values of a picture; 0 before a network */
    uint32_t head_classes;                /* logits of a picture; 0 without a head */
    uint32_t weights;                     /* classes that `engram_weigh` named */
    uint32_t selection;                   /* 0 round robin, 1 uniform, 2 weighted */
    uint32_t slots, table_width;          /* S and t; 0 without such a block */
    uint32_t slot_components;             /* K of a slot; 0 without slots */
    uint32_t head_width, head_hidden;     /* q_b and H; 0 without a head that learns */
    uint32_t head_latent;                 /* q_v of a hidden layer that learns; 0 without one */
    uint32_t head_batch;                  /* exemplars of a batch; 0 without such a head */
    uint32_t rank, loading_width;         /* R and q_a; 0 without factors */
    uint32_t secded, self_test, scrubber; /* u; whether prototypes can be tested, and scrubbed */
    struct {
        uint8_t components;               /* K in the prototype memory, 0 if never appended */
        uint8_t there, learned;           /* not removed; in the latent buffer */
        uint8_t weighed;                  /* `engram_weigh` gave it a weight that is not 0 */
    } known[ENGRAM_CLASSES];
    struct {
        uint16_t label;                   /* class that is counted */
        uint8_t begun, open;              /* was opened; is open */
        uint8_t filled;                   /* components that have exemplars */
    } slot[ENGRAM_SLOTS];
} engram;

/* A vector of features is bytes: feature i is bit i % 8 of byte i / 8, and the last byte is filled
 * up with zeros. This many bytes hold one. */
size_t engram_vector_bytes(const engram *chip);

/* English for an error; never NULL. */
const char *engram_text(engram_error error);

/* Find a chip, read its sizes, and empty it by a soft reset. */
engram_error engram_open(engram *chip, const engram_bus *bus);

/* Forget all classes and exemplars and begin the random streams anew. The network stays. */
engram_error engram_reset(engram *chip);

/* Load the network of a file, `load_packets.bin` of `engram rtl chip --network`. */
engram_error engram_load(engram *chip, const uint8_t *file, size_t size);

/* Draw from now on as a chip that was built with this user seed. */
engram_error engram_seed(engram *chip, uint64_t seed);

/* Decide between the classes 0 .. classes - 1 from now on. */
engram_error engram_see(engram *chip, uint32_t classes);

/* Classify a picture: row by row, pixel by pixel, colour by colour, `pixel_bytes` each, low byte
 * first. `logits` has room for `head_classes`, or is NULL. */
engram_error engram_classify(engram *chip, const uint8_t *picture, uint32_t *label,
                             int32_t *logits);

/* Turn a picture into its vector of features. */
engram_error engram_embed(engram *chip, const uint8_t *picture, uint8_t *vector);

/* Give a vector, or the features of a picture, to the latent buffer as an exemplar of a class. */
engram_error engram_learn(engram *chip, uint32_t label, const uint8_t *vector);
engram_error engram_learn_picture(engram *chip, uint32_t label, const uint8_t *picture);

/* Append a class of `components` prototypes to the prototype memory: `codes` are those of its
 * features, component by component; `thresholds` are `components` - 1 (contract, 5). The class is
 * the next number. */
engram_error engram_append(engram *chip, uint32_t components, const uint16_t *codes,
                           const uint16_t *thresholds);

/* Write a class of the prototype memory anew, with as many components as it has, or remove it. Its
 * number stays, and a removed class can be written again. For chips with slots or costs. */
engram_error engram_replace(engram *chip, uint32_t label, uint32_t components,
                            const uint16_t *codes, const uint16_t *thresholds);
engram_error engram_remove(engram *chip, uint32_t label);

/* Learn a class by counting (contract, 14 and 16): open a slot for it, count vectors or the features
 * of pictures, and close the slot. Closing writes the class, which is the next number or one of as
 * many components: `slot_components`, or fewer if the slot had fewer exemplars. A slot that is
 * reopened counts on. */
engram_error engram_open_slot(engram *chip, uint32_t slot, uint32_t label);
engram_error engram_reopen_slot(engram *chip, uint32_t slot);
engram_error engram_close_slot(engram *chip, uint32_t slot);
engram_error engram_count(engram *chip, uint32_t slot, const uint8_t *vector);
engram_error engram_count_picture(engram *chip, uint32_t slot, const uint8_t *picture);

/* Load the costs by which pictures are answered (contract, 15): 2^(q - 1) weights and bases. */
engram_error engram_costs(engram *chip, const uint64_t *weights, const uint64_t *bases);

/* Classify a picture by the prototypes; `cost` is that of the nearest one. */
engram_error engram_answer(engram *chip, const uint8_t *picture, uint32_t *label, uint64_t *cost);

/* Set how often selection `weighted` names each of `classes` classes: `classes` - 1 thresholds
 * (contract, 6), none below the one before it. */
engram_error engram_weigh(engram *chip, uint32_t classes, const uint16_t *thresholds);

/* Load a basis of the factors (contract, 13): R loadings of each feature, feature by feature, and
 * their exponent, 0 .. 15. Exemplars of the prototypes are drawn with it until a reset. */
engram_error engram_load_basis(engram *chip, const int8_t *loadings, uint32_t exponent);

/* Make `requests` draws from ENGRAM_SOURCE_SAMPLER or ENGRAM_SOURCE_LATENT, of class `label`, or
 * from ENGRAM_SOURCE_SELECTOR, of classes that the chip names. `vectors` has room for as many vectors
 * and `labels`, unless NULL, for as many classes: `requests`, from the prototypes times `draws`. */
engram_error engram_draw(engram *chip, uint32_t source, uint32_t label, uint32_t requests,
                         uint8_t *vectors, uint16_t *labels);

/* What the chip draws by itself for a batch of its head: as many exemplars as `draws`, from a source
 * and of a class that `engram_draw` could name. */
typedef struct engram_past {
    uint32_t source, label, draws;
} engram_past;

/* The head that learns (contract, 12), for chips that have one. Its weights are those of `classes`
 * classes from `first` or from 0 on, `head_hidden` + `features` each. A reset makes them 0. */
engram_error engram_head_load(engram *chip, uint32_t first, uint32_t classes,
                              const int32_t *weights);
engram_error engram_head_read(engram *chip, uint32_t classes, int32_t *weights);
engram_error engram_head_clear(engram *chip);

/* Load weights of the head's frozen hidden layer: those of `neurons` from `first` on, one behind the
 * other, each a vector of features, 1 for +1 and 0 for -1. They stay in a reset. */
engram_error engram_head_load_hidden(engram *chip, uint32_t first, uint32_t neurons,
                                     const uint8_t *weights);

/* Load or read the latent weights of a hidden layer that learns: those of `neurons` from `first` or
 * from 0 on, `features` integers of `head_latent` bits each. A reset keeps them; one in the midst of
 * a batch keeps some rows as they were, and some as the batch makes them. */
engram_error engram_head_load_latent(engram *chip, uint32_t first, uint32_t neurons,
                                     const int32_t *weights);
engram_error engram_head_read_latent(engram *chip, uint32_t neurons, int32_t *weights);

/* Learn a batch: `count` vectors, one behind the other, with their classes, and a past that the
 * chip draws, unless it is NULL. The softmax is over the classes 0 .. classes - 1. `hits` becomes
 * how many exemplars had the largest sum in their own class. */
engram_error engram_head_learn(engram *chip, uint32_t classes, uint32_t count,
                               const uint8_t *vectors, const uint16_t *labels,
                               const engram_past *past, uint32_t *hits);

/* Classify a vector among the classes 0 .. classes - 1; `sum` is that of its class. */
engram_error engram_head_classify(engram *chip, uint32_t classes, const uint8_t *vector,
                                  uint32_t *label, int64_t *sum);

/* Wrong bits of a read of a self-test: bit i of `bits` is bit 32 * part + i of a row of prototypes,
 * with check bits above the codes. Zeros were to be read in elements 1, 3 and 5, ones in 2 and 4. */
typedef struct engram_failure {
    uint32_t row, part, element, bits;
} engram_failure;

/* What a self-test has found: rows and bits that fail, the row that failed first, if there is one,
 * and failures that were listed. Cells that are stuck count once. */
typedef struct engram_memory_test {
    uint32_t words, bits, first, failures;
} engram_memory_test;

/* Test the memory of prototypes, on chips that can (contract, 19). All classes and exemplars are
 * lost, as by a reset. Failures are listed unless `failures` is NULL, into room for `room`; those
 * for which there is none are counted only. */
engram_error engram_test_memory(engram *chip, engram_memory_test *found, engram_failure *failures,
                                uint32_t room);

/* Words of prototypes that were read as if one bit were wrong, which was inverted, and as if more
 * were, on chips with check bits: since they were cleared, or a reset. Reads of a scrubber do not
 * count. */
engram_error engram_wrong_words(engram *chip, uint32_t *corrected, uint32_t *uncorrected);
engram_error engram_clear_wrong_words(engram *chip);

/* Put rows of prototypes right in their memory while nobody needs it, on chips with a scrubber: one
 * every `interval` cycles, 2 or more; 0 stops it. It goes on over engram_reset; `rst` stops
 * it. 1, which would act as 2, is refused. */
engram_error engram_scrub(engram *chip, uint32_t interval);

/* Rows that were read so, written back, and left because they cannot be put right: since they were
 * cleared, or a reset. */
engram_error engram_scrubbed(engram *chip, uint32_t *reads, uint32_t *writes, uint32_t *failures);
engram_error engram_clear_scrubbed(engram *chip);

/* Pull `irq` at these events from now on: masks ENGRAM_IRQ_ENABLE_..._MASK, or 0 for none. */
engram_error engram_enable(engram *chip, uint32_t events);

/* Take and clear the events that are pending; a handler of `irq` calls it. */
engram_error engram_events(engram *chip, uint32_t *events);

#ifdef __cplusplus
}
#endif

#endif
