/* The inner loops of the screen, on blocks of FASTQ text and of BAM records.
 *
 * Plain C without Python: `kernels.py` loads the library and calls it without the interpreter's
 * lock. All text has 64 readable bytes behind its end. Nothing here allocates or keeps memory.
 */

#include <stdint.h>
#include <string.h>

#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "Words are read as little-endian numbers"
#endif

/* By GCC on x86-64 with glibc a function is compiled twice, and the processor chooses. Clang gives
 * such functions other names. */
#if defined(__x86_64__) && defined(__GLIBC__) && !defined(__clang__)
#define WIDE __attribute__((target_clones("arch=x86-64-v3", "default")))
#else
#define WIDE
#endif
#define INLINE static inline __attribute__((always_inline))

/* Where the parts of a record are in its block; the sum of the Phred values is -1 without any. */
typedef struct {
    int32_t name, name_end; /* up to the first blank */
    int32_t bases, bases_end;
    int32_t quality, phred_sum;
    uint64_t key; /* of FASTQ: stands for the name, and is that of the mate */
} Record;

enum { AHEAD = 16 };

/* The record whose text is fetched while another one is looked at: some further on, or the last. */
static inline const Record *ahead(const Record *records, int64_t row, int64_t amount) {
    return records + (row + AHEAD < amount ? row + AHEAD : amount - 1);
}

/* Fetch a text into the cache; of more than 129 bytes the first and the last ones. */
INLINE void fetch(const uint8_t *from, const uint8_t *to) {
    __builtin_prefetch(from);
    __builtin_prefetch(from + 64);
    __builtin_prefetch(to - 1);
}

/* ---- Records: where they are, and whether they are whole ---------------------------------- */

enum { WHOLE_SO_FAR, NO_AT, NO_PLUS, OTHER_NAME, OTHER_LENGTH, CHARACTER };

/* Bytes are looked at eight at a time, as one number whose lowest byte is the first. */
#define ONES 0x0101010101010101u
#define LOW7 0x7F7F7F7F7F7F7F7Fu
#define TOP 0x8080808080808080u

typedef int8_t Signed32 __attribute__((vector_size(32)));
typedef uint16_t Pairs16 __attribute__((vector_size(32)));
typedef uint32_t Quads8 __attribute__((vector_size(32)));
typedef uint64_t Words4 __attribute__((vector_size(32)));

INLINE uint64_t load8(const uint8_t *at) {
    uint64_t x;
    memcpy(&x, at, sizeof x);
    return x;
}

#define FIRST_FACTOR 0x9E3779B97F4A7C15u
#define SECOND_FACTOR 0xBF58476D1CE4E5B9u

/* A number that depends on each bit of two others. */
INLINE uint64_t mixed(uint64_t key, uint64_t word) {
    key = (key ^ word) * SECOND_FACTOR;
    return (key ^ key >> 29) * FIRST_FACTOR ^ key >> 32;
}

/* A number that stands for a text; 8 bytes behind it can be read. */
INLINE uint64_t key_of(const uint8_t *at, const uint8_t *end) {
    uint64_t key = end - at;
    for (; at + 8 <= end; at += 8)
        key = ((key << 5 | key >> 59) ^ load8(at)) * FIRST_FACTOR;
    return mixed(key, load8(at) & (((uint64_t)1 << 8 * (end - at)) - 1));
}

/* A number for the name of a read, the same for both mates: their last characters may differ if
 * they are 1, 2 or 3, as in read/1 and read/2. */
INLINE uint64_t mate_key(const uint8_t *name, const uint8_t *end) {
    if (name == end)
        return 0;
    uint8_t last = end[-1] >= '1' && end[-1] <= '3' ? '1' : end[-1];
    return mixed(key_of(name, end - 1), last);
}

/* The next line end from `at` on, `size` or more without one. */
INLINE int64_t line_end(const uint8_t *text, int64_t at, int64_t size) {
    for (; at < size; at += 8) {
        uint64_t x = load8(text + at) ^ ONES * '\n';
        uint64_t found = ~(((x & LOW7) + LOW7) | x | LOW7);
        if (found)
            return at + (__builtin_ctzll(found) >> 3);
    }
    return size;
}

/* The next byte below `!`, a blank or line end, from `at` on; `beyond` gathers the bits of all
 * bytes in front of it. */
INLINE int64_t blank(const uint8_t *text, int64_t at, int64_t size, uint64_t *beyond) {
    for (; at < size; at += 8) {
        uint64_t x = load8(text + at);
        uint64_t found = ~(((x & LOW7) + ONES * (0x80 - '!')) | x | LOW7);
        if (found) {
            *beyond |= x & (found ^ (found - 1)) >> 8;
            return at + (__builtin_ctzll(found) >> 3);
        }
        *beyond |= x;
    }
    return size;
}

/* Whether some bytes are printable ASCII without blanks, as bases and qualities are.
 *
 * `sum` gets the sum of the bytes if it is wanted. */
INLINE int is_printed(const uint8_t *at, const uint8_t *end, int64_t *sum) {
    static const Signed32 LANE = {0,  1,  2,  3,  4,  5,  6,  7,  8,  9,  10, 11, 12, 13, 14, 15,
                                  16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31};
    Signed32 wrong = {0};
    int64_t total = 0;
    while (at < end) {
        Pairs16 even = {0}, odd = {0};
        for (int step = 0; step < 256 && at < end; step++, at += 32) { /* 256 bytes fit 16 bits */
            int8_t rest = end - at < 32 ? end - at : 32;
            Signed32 x, within = LANE < rest;
            memcpy(&x, at, sizeof x);
            wrong |= (x < '!') & within;
            if (sum) {
                even += (Pairs16)(x & within) & 0xFF;
                odd += (Pairs16)(x & within) >> 8;
            }
        }
        if (sum) {
            Quads8 quads = ((Quads8)even & 0xFFFF) + ((Quads8)even >> 16) +
                           ((Quads8)odd & 0xFFFF) + ((Quads8)odd >> 16);
            Words4 words = ((Words4)quads & 0xFFFFFFFF) + ((Words4)quads >> 32);
            total += words[0] + words[1] + words[2] + words[3];
        }
    }
    if (sum)
        *sum = total;
    Words4 any = (Words4)wrong;
    return !(any[0] | any[1] | any[2] | any[3]);
}

INLINE int64_t without_return(const uint8_t *text, int64_t start, int64_t end) {
    return end > start && text[end - 1] == '\r' ? end - 1 : end;
}

/* Mix into keys what a read begins with, so many bases at most, in either case. */
void mix_starts(const uint8_t *text, const Record *records, int64_t amount, int64_t most,
                uint64_t *keys) {
    for (int64_t row = 0; row < amount; row++) {
        const uint8_t *at = text + records[row].bases, *end = text + records[row].bases_end;
        end = end - at < most ? end : at + most;
        keys[row] = mixed(keys[row], end - at);
        for (; at < end; at += 8) {
            uint64_t beyond = end - at < 8 ? ~(uint64_t)0 << 8 * (end - at) : 0;
            keys[row] = mixed(keys[row], load8(at) & ~(beyond | ONES * 0x20));
        }
    }
}

/* Find the whole records in the first `size` bytes; returns how many.
 *
 * `ended` gets how many bytes they take, and what is wrong with the one behind them (0: nothing,
 * but it may be cut off). `records` must have room for one of every six bytes. */
WIDE int64_t split_records(const uint8_t *text, int64_t size, Record *records, int64_t ended[2]) {
    int64_t count = 0, at = 0, usual = 0;
    int64_t found = WHOLE_SO_FAR;
    while (at < size) {
        if (text[at] != '@') {
            found = NO_AT;
            break;
        }
        uint64_t beyond = 0;
        int64_t name_end = blank(text, at + 1, size, &beyond);
        int64_t end1 = line_end(text, name_end, size);
        if (end1 >= size)
            break;
        int64_t bases = end1 + 1, end2 = bases + usual;
        int64_t bases_end = end2 < size ? without_return(text, bases, end2) : bases;
        int is_good = end2 < size && text[end2] == '\n' &&
                      is_printed(text + bases, text + bases_end, 0);
        if (!is_good) { /* of another length than the one before, or broken */
            end2 = line_end(text, bases, size);
            if (end2 >= size)
                break;
            usual = end2 - bases;
            bases_end = without_return(text, bases, end2);
            is_good = is_printed(text + bases, text + bases_end, 0);
        }
        int64_t plus = end2 + 1;
        if (plus >= size)
            break;
        if (text[plus] != '+') {
            found = NO_PLUS;
            break;
        }
        int64_t end3 = line_end(text, plus + 1, size);
        if (end3 >= size)
            break;
        int64_t title_end = without_return(text, at + 1, end1);
        int64_t again_end = without_return(text, plus + 1, end3);
        if (again_end > plus + 1 &&
            (again_end - plus != title_end - at ||
             memcmp(text + plus + 1, text + at + 1, again_end - plus - 1))) {
            found = OTHER_NAME;
            break;
        }
        int64_t quality = end3 + 1, quality_end = quality + bases_end - bases;
        if (quality_end + 1 >= size) {
            int64_t end4 = line_end(text, quality, size);
            if (end4 >= size)
                break;
            if (end4 < quality_end) {
                found = OTHER_LENGTH;
                break;
            }
        }
        int64_t end4 = quality_end;
        if (text[end4] == '\r' && end4 + 1 < size)
            end4++;
        if (text[end4] != '\n') {
            found = OTHER_LENGTH;
            break;
        }
        int64_t phred_sum;
        if (!is_printed(text + quality, text + quality_end, &phred_sum)) {
            int is_short = line_end(text, quality, size) < quality_end;
            found = is_short ? OTHER_LENGTH : CHARACTER;
            break;
        }
        if (!is_good || beyond & TOP) {
            found = CHARACTER;
            break;
        }
        phred_sum -= (quality_end - quality) * '!';
        uint64_t key = mate_key(text + at + 1, text + name_end);
        records[count++] = (Record){at + 1, name_end, bases, bases_end, quality, phred_sum, key};
        at = end4 + 1;
    }
    ended[0] = at;
    ended[1] = found;
    return count;
}

/* Whether some bytes are the same; 64 behind them can be read. */
INLINE int are_same(const uint8_t *one, const uint8_t *other, int64_t size) {
    for (; size >= 8; size -= 8, one += 8, other += 8)
        if (load8(one) != load8(other))
            return 0;
    return !((load8(one) ^ load8(other)) & (((uint64_t)1 << 8 * size) - 1));
}

/* The first record at which two mates have not one name; `amount` if all have. */
int64_t first_stranger(const Record *records1, const Record *records2, int64_t amount) {
    for (int64_t row = 0; row < amount; row++)
        if (records1[row].key != records2[row].key)
            return row;
    return amount;
}

/* ---- The census --------------------------------------------------------------------------- */

enum { MOST_GROUPS = 64, MAX_LENGTH_BP = 1 << 16 };

/* Bases of the longest record. */
int64_t longest(const Record *records, int64_t amount) {
    int64_t most = 0;
    for (int64_t row = 0; row < amount; row++) {
        int64_t size = records[row].bases_end - records[row].bases;
        most = size > most ? size : most;
    }
    return most;
}

/* Count lengths, and in `totals` bases, short reads and those of low quality. Lengths from
 * MAX_LENGTH_BP on are counted together. */
void measure(const Record *records, int64_t amount, int64_t short_bp, int64_t low_phred,
             int64_t *lengths, int64_t *totals) {
    int64_t bases = 0, is_short = 0, is_low = 0;
    for (int64_t row = 0; row < amount; row++) {
        int64_t size = records[row].bases_end - records[row].bases;
        int64_t phred_sum = records[row].phred_sum;
        lengths[size < MAX_LENGTH_BP ? size : MAX_LENGTH_BP]++;
        bases += size;
        is_short += size < short_bp;
        is_low += phred_sum >= 0 && size > 0 && phred_sum < low_phred * size;
    }
    totals[0] += bases;
    totals[1] += is_short;
    totals[2] += is_low;
}

typedef struct {
    int32_t start, end;
} Span;

INLINE int is_same(const uint8_t *text, Span one, Span other) {
    return one.end - one.start == other.end - other.start &&
           are_same(text + one.start, text + other.start, one.end - one.start);
}

/* What stands before the fourth colon of a name; nothing, without six colons. */
static Span group_of(const uint8_t *text, const Record *record) {
    Span group = {record->name, record->name};
    int colons = 0;
    for (int32_t i = record->name; i < record->name_end; i++)
        if (text[i] == ':' && ++colons == 4)
            group.end = i;
    if (colons < 6)
        group.end = group.start;
    return group;
}

/* Count names by their group; returns how many groups there are. The last of MOST_GROUPS takes all
 * that found no room, and has no name. */
int64_t count_groups(const uint8_t *text, const Record *records, int64_t amount, Span *groups,
                     int64_t *counts) {
    int64_t found = 0, last = 0;
    for (int64_t row = 0; row < amount; row++) {
        __builtin_prefetch(text + ahead(records, row, amount)->name);
        int32_t start = records[row].name, size = groups[last].end - groups[last].start;
        /* most names begin as the one before */
        if (found && size && records[row].name_end - start > size && text[start + size] == ':' &&
            are_same(text + start, text + groups[last].start, size)) {
            counts[last]++;
            continue;
        }
        Span group = group_of(text, records + row);
        for (last = 0; last < found && !is_same(text, group, groups[last]); last++)
            ;
        if (last == found && found < MOST_GROUPS - 1)
            groups[found++] = group;
        else if (last == found)
            found = MOST_GROUPS, last = MOST_GROUPS - 1;
        counts[last]++;
    }
    return found;
}

/* ---- The looks: which records touch a target ----------------------------------------------
 *
 * Four looks; sizes are in bases.
 *
 * 1. A word of 11 at every eighth place is looked up in a bit table, so a stretch of 18 target
 *    bases without an error cannot be missed. The table tells words by all bits but the last; what
 *    it lets pass is checked exactly, by k-mers.
 * 2. A k-mer at an end of the read is enough.
 * 3. The 20 bases at either end may have two errors: of four parts of 5 at least two are free of
 *    them, and each of the six pairs of parts has a bit table.
 * 4. The 10 bases at either end may be among the first 14 of an exon (`kmers.tip_codes`).
 *
 * Words are packed as they stand in the text, the first base in the lowest two bits: A 0, C 1, T 2,
 * G 3, which are two bits of their ASCII codes. k-mers are packed as in `kmers.py`.
 */

enum { WORD_BP = 11, STEP_BP = 8, END_BP = 20, TIP_BP = 10 };
enum { BUCKET_BITS = 4 }; /* words that share all but so many bits stand together */
enum { SIEVE_BITS = 21 }; /* of a word that the bit table tells: it fits into most L2 caches */
enum { PAIRS = 6 };       /* of the four parts of the bases at an end */

const int32_t SIZES[] = {WORD_BP, STEP_BP, END_BP, TIP_BP, BUCKET_BITS, SIEVE_BITS, MOST_GROUPS, MAX_LENGTH_BP};

#define NOTHING 0xFFFFFFFFu /* the code at a free place of the hash table */
#define ODD_BITS 0x5555555555u

/* A k-mer; `owner` are gene, exon + 1 and strand. */
typedef struct {
    uint32_t code, owner;
} Kmer;

/* What the looks compare with. `scan.py` says how the tables are made. */
typedef struct {
    const uint8_t *number_of_base; /* of each letter; 4 for other letters than ACGT */
    const Kmer *kmers;       /* hash table */
    const uint64_t *sieve;   /* a bit table of the words of 11 within a k-mer */
    const uint64_t *ends;    /* a bit for each word of ten, for each pair of parts */
    const uint64_t *windows; /* stretches of 20, for each pair in the order of its word */
    const int32_t *starts;   /* where in them each bucket begins */
    const uint32_t *tips, *first_tips; /* sorted words that a read ends or begins with */
    int64_t slots, tip_count, first_tip_count;
    int64_t kmer_bp, genes, targets; /* targets are the first genes */
    int64_t least_row, least_hits;   /* k-mers in a row to keep a record, in all to count it */
    int64_t most_mismatches;
} Tables;

/* What the looks count. */
typedef struct {
    uint8_t *kept;    /* is set to 1 for each record that touches a target */
    int64_t *genes;   /* records that count for each gene */
    int64_t *exons;   /* k-mers of each exon in such records */
    int64_t *strands; /* such records in sense and antisense */
    uint32_t *hits;   /* room for the k-mers of the longest record */
} Findings;

INLINE int bit(const uint64_t *bits, uint64_t number) {
    return bits[number >> 6] >> (number & 63) & 1;
}

/* Eight bases in 16 bits, the first one lowest; other letters stand for some base. */
INLINE uint64_t eight(const uint8_t *at) {
    uint64_t x = load8(at) >> 1 & ONES * 3;
    x = (x | x >> 6) & 0x000F000F000F000F;
    return x * 0x1001001001000 >> 48; /* four bits of each 16 to the upper 16 */
}

/* Four times eight bases, each in 16 bits of its lane. */
INLINE Words4 eights(const uint8_t *at) {
    Quads8 x;
    memcpy(&x, at, sizeof x);
    Words4 fours = (Words4)((x >> 1 & 0x03030303) * 0x01041040 >> 24);
    return (fours | fours >> 24) & 0xFFFF;
}

INLINE uint64_t any_of(Words4 x) { return x[0] | x[1] | x[2] | x[3]; }

/* 20 bases in 40 bits. */
INLINE uint64_t twenty(const uint8_t *at) {
    return any_of(eights(at) << (Words4){0, 16, 32, 48}) & (((uint64_t)1 << 2 * END_BP) - 1);
}

#define SIEVE_MASK (((uint64_t)1 << SIEVE_BITS) - 1)

/* The place in the sieve of the word at a place in the text. */
INLINE uint64_t word(const uint8_t *at) {
    return (eight(at) | eight(at + WORD_BP - 8) << 2 * (WORD_BP - 8)) & SIEVE_MASK;
}

/* Enter into the sieve all words of some sequences of the same size. */
void fill_sieve(uint64_t *sieve, const uint8_t *text, int64_t amount, int64_t size) {
    for (int64_t row = 0; row < amount; row++, text += size)
        for (int64_t start = 0; start + WORD_BP <= size; start++) {
            uint64_t number = word(text + start);
            sieve[number >> 6] |= (uint64_t)1 << (number & 63);
        }
}

/* Where the search for a code begins in the hash table. */
INLINE uint64_t first_slot(int64_t slots, uint32_t code) {
    return (code * 0x9E3779B97F4A7C15u >> 40) & (slots - 1);
}

/* Where a code stands in the hash table, or the free place for it. */
INLINE uint64_t slot_of(const Kmer *kmers, int64_t slots, uint32_t code) {
    uint64_t slot = first_slot(slots, code);
    while (kmers[slot].code != NOTHING && kmers[slot].code != code)
        slot = (slot + 1) & (slots - 1);
    return slot;
}

/* Fill a hash table; its size is a power of two, and its free places hold NOTHING. */
void insert_kmers(Kmer *kmers, int64_t slots, const uint32_t *codes, const uint32_t *owners,
                  int64_t amount) {
    for (int64_t i = 0; i < amount; i++)
        kmers[slot_of(kmers, slots, codes[i])] = (Kmer){codes[i], owners[i]};
}

/* The k-mer that ends at a place, on both strands; `length` are the bases since another letter. */
typedef struct {
    uint64_t forward, reverse;
    int64_t length;
} Rolling;

INLINE int roll(Rolling *kmer, const Tables *tables, uint8_t letter) {
    uint64_t base = tables->number_of_base[letter];
    int64_t size = tables->kmer_bp;
    if (base > 3) {
        kmer->length = 0;
        return 0;
    }
    kmer->forward = (kmer->forward << 2 | base) & (((uint64_t)1 << 2 * size) - 1);
    kmer->reverse = kmer->reverse >> 2 | (3 - base) << 2 * (size - 1);
    return ++kmer->length >= size;
}

INLINE uint32_t code_of(const Rolling *kmer) {
    return kmer->forward < kmer->reverse ? kmer->forward : kmer->reverse;
}

/* Whether so many words beside one of the sieve, in a row with it, are in the sieve too. */
INLINE int has_neighbours(const uint8_t *at, const uint8_t *start, const uint8_t *end,
                          const Tables *tables) {
    int64_t wanted = tables->kmer_bp - WORD_BP, left = 0, right = 0;
    while (right < wanted && at + right + 1 <= end - WORD_BP &&
           bit(tables->sieve, word(at + right + 1)))
        right++;
    while (left + right < wanted && at - left > start && bit(tables->sieve, word(at - left - 1)))
        left++;
    return left + right == wanted;
}

/* Whether a word of the sieve is part of a k-mer of the table. */
static int is_in_kmer(const uint8_t *at, const uint8_t *start, const uint8_t *end,
                      const Tables *tables) {
    if (!has_neighbours(at, start, end, tables))
        return 0;
    int64_t size = tables->kmer_bp, margin = size - WORD_BP;
    const uint8_t *from = at - start < margin ? start : at - margin;
    const uint8_t *to = end - at < size ? end : at + size;
    Rolling kmer = {0, 0, 0};
    for (; from < to; from++)
        if (roll(&kmer, tables, *from)) {
            uint32_t code = code_of(&kmer);
            if (tables->kmers[slot_of(tables->kmers, tables->slots, code)].code == code)
                return 1;
        }
    return 0;
}

#define TURNED 0x80000000u /* of a code: the read has its reverse complement; of an owner: sense */

/* Write the code of each k-mer of a read, NOTHING where it holds another letter. */
static int64_t write_codes(const uint8_t *start, const uint8_t *end, const Tables *tables,
                           uint32_t *codes) {
    Rolling kmer = {0, 0, 0};
    int64_t amount = 0;
    for (const uint8_t *at = start; at < end; at++) {
        int is_whole = roll(&kmer, tables, *at);
        uint32_t turned = kmer.forward > kmer.reverse ? TURNED : 0;
        if (at - start >= tables->kmer_bp - 1)
            codes[amount++] = is_whole ? code_of(&kmer) | turned : NOTHING;
    }
    return amount;
}

/* Write the owner of each k-mer of a read that is in the table into `hits`; returns how many there
 * are.
 *
 * `is_kept` gets whether enough target k-mers stand in a row, or one at an end. */
static int64_t count_kmers(const uint8_t *start, const uint8_t *end, const Tables *tables,
                           uint32_t *hits, uint8_t *is_kept) {
    int64_t amount = write_codes(start, end, tables, hits), count = 0, row = 0;
    for (int64_t i = 0; i < amount; i++) {
        uint32_t next = hits[i + AHEAD < amount ? i + AHEAD : amount - 1] & ~TURNED;
        __builtin_prefetch(tables->kmers + first_slot(tables->slots, next));
        uint32_t code = hits[i] & ~TURNED, turned = hits[i] & TURNED;
        Kmer known = tables->kmers[slot_of(tables->kmers, tables->slots, code)];
        if (known.code != code) {
            row = 0;
            continue;
        }
        hits[count++] = known.owner ^ turned;
        row = (known.owner & 0xFF) < tables->targets ? row + 1 : 0;
        if (row && (row >= tables->least_row || i == 0 || i + 1 == amount))
            *is_kept = 1;
    }
    return count;
}

/* Add the k-mers of one read to the counts of those genes of which it holds enough. */
static void take_census(int64_t count, const Tables *tables, const Findings *found) {
    for (int64_t gene = 0; gene < tables->genes; gene++) {
        int64_t own = 0, sense = 0;
        for (int64_t i = 0; i < count; i++)
            if ((found->hits[i] & 0xFF) == gene) {
                own++;
                sense += found->hits[i] >> 31 ? 1 : -1;
            }
        if (own < tables->least_hits)
            continue;
        found->genes[gene]++;
        found->strands[0] += sense > 0;
        found->strands[1] += sense < 0;
        for (int64_t i = 0; i < count; i++)
            if ((found->hits[i] & 0xFF) == gene)
                found->exons[found->hits[i] >> 8 & 0xFFFF]++;
    }
}

/* Records are looked at in batches: first all words and ends of a batch are looked up, without
 * branches and without waiting for one table after the other, then those that pass are looked at
 * closer. */
enum { BATCH = 64, MOST_WORDS = 16 * BATCH, STRETCH_WORDS = 60, MOST_PASSING = 512 };

/* Every eighth word from a place in a record on; behind its last stretch stands its last word. */
typedef struct {
    int64_t row, words;
    const uint8_t *from;
} Stretch;

/* So many words take so much room: they are written in fours. */
INLINE int64_t in_fours(int64_t words) { return (words + 3) / 4 * 4; }

/* A looked-up word of a record that is in the sieve. */
typedef struct {
    int64_t row;
    const uint8_t *at;
} Word;

/* Leave out the words that have no other one of the sieve beside them; returns how many stay. */
INLINE int64_t with_neighbour(const uint8_t *text, Word *words, int64_t amount,
                              const Tables *tables) {
    int64_t left = 0;
    for (int64_t i = 0; i < amount; i++) {
        Word each = words[i];
        const uint8_t *before = each.at - (each.at > text);
        words[left] = each;
        left += bit(tables->sieve, word(each.at + 1)) | bit(tables->sieve, word(before));
    }
    return left;
}

/* Look closer at some words; a record is counted once, and `counted` is the last one. */
static void check_words(const uint8_t *text, const Record *records, Word *words, int64_t amount,
                        const Tables *tables, const Findings *found, int64_t *counted) {
    if (tables->kmer_bp > WORD_BP)
        amount = with_neighbour(text, words, amount, tables);
    for (const Word *each = words; each < words + amount; each++) {
        const Record *record = records + each->row;
        const uint8_t *start = text + record->bases, *end = text + record->bases_end;
        if (each->row == *counted || !is_in_kmer(each->at, start, end, tables))
            continue;
        *counted = each->row;
        int64_t count = count_kmers(start, end, tables, found->hits, found->kept + each->row);
        take_census(count, tables, found);
    }
}

/* The words of a stretch that are in the sieve, a bit for each. */
INLINE uint64_t passing_words(const uint64_t *places, const uint64_t *bits, int64_t amount) {
    Words4 passing = {0};
    for (int64_t i = 0; i < amount; i += 4) {
        Words4 place, four;
        memcpy(&place, places + i, sizeof place);
        memcpy(&four, bits + i, sizeof four);
        passing |= (four >> (place & 63) & 1) << i;
    }
    return any_of(passing << (Words4){0, 1, 2, 3}) & (((uint64_t)1 << amount) - 1);
}

/* Write the places in the sieve of every eighth word of a text, in fours. */
INLINE void write_places(const uint8_t *text, int64_t amount, uint64_t *places) {
    Words4 bases = eights(text);
    for (int64_t i = 0; i < amount; i += 4) {
        Words4 next = eights(text + STEP_BP * (i + 4));
        Words4 beyond = {bases[1], bases[2], bases[3], next[0]};
        Words4 four = (bases | beyond << 2 * STEP_BP) & SIEVE_MASK;
        memcpy(places + i, &four, sizeof four);
        bases = next;
    }
}

/* Keep the records that hold enough of a target's k-mers, and count those of all genes.
 *
 * `ends` gets the first and the last 20 bases of each record that has so many. */
INLINE void look_for_words(const uint8_t *text, const Record *records, int64_t first, int64_t to,
                           const Tables *tables, const Findings *found, uint64_t (*ends)[2]) {
    uint64_t places[MOST_WORDS], bits[MOST_WORDS];
    Stretch stretches[MOST_WORDS / 4];
    Word words[MOST_PASSING];
    int64_t row = first, done = 0, counted = -1;
    while (row < to) {
        int64_t filled = 0, amount = 0, passing = 0;
        while (row < to && filled <= MOST_WORDS - STRETCH_WORDS - 4) {
            const Record *next = ahead(records, row, to);
            fetch(text + next->bases, text + next->bases_end);
            const uint8_t *start = text + records[row].bases, *from = start + done;
            const uint8_t *end = text + records[row].bases_end, *last = end - WORD_BP;
            if (last < from) {
                row++;
                continue;
            }
            int64_t left = (last - from + STEP_BP - 1) / STEP_BP;
            int is_last = left <= STRETCH_WORDS;
            int64_t size = is_last ? left + 1 : STRETCH_WORDS;
            write_places(from, size, places + filled);
            stretches[amount++] = (Stretch){row, size, from};
            if (is_last) {
                places[filled + left] = word(last);
                if (end - start >= END_BP) {
                    ends[row - first][0] = twenty(start);
                    ends[row - first][1] = twenty(end - END_BP);
                }
                row++;
            }
            done = is_last ? 0 : done + STEP_BP * STRETCH_WORDS;
            filled += in_fours(size);
        }
        for (int64_t i = 0; i < filled; i++)
            bits[i] = tables->sieve[places[i] >> 6];
        int64_t slot = 0;
        for (const Stretch *each = stretches; each < stretches + amount; each++) {
            const uint8_t *last = text + records[each->row].bases_end - WORD_BP;
            uint64_t marks = passing_words(places + slot, bits + slot, each->words);
            for (; marks; marks &= marks - 1) {
                const uint8_t *at = each->from + STEP_BP * __builtin_ctzll(marks);
                words[passing++] = (Word){each->row, at < last ? at : last};
            }
            if (passing > MOST_PASSING - STRETCH_WORDS - 1) {
                check_words(text, records, words, passing, tables, found, &counted);
                passing = 0;
            }
            slot += in_fours(each->words);
        }
        check_words(text, records, words, passing, tables, found, &counted);
    }
}

/* The parts of a pair. */
static const int8_t LOW[] = {0, 0, 0, 1, 1, 2}, HIGH[] = {1, 2, 3, 2, 3, 3};

/* The two parts of a pair as one number, with the number of the pair above it. */
INLINE uint64_t pair_word(uint64_t code, int pair) {
    uint64_t low = code >> 10 * LOW[pair] & 0x3FF, high = code >> 10 * HIGH[pair] & 0x3FF;
    return low | high << 10 | (uint64_t)pair << 20;
}

/* Whether 20 bases are those of a target but for some mismatches; other letters are such. */
INLINE int fits(const uint8_t *at, uint64_t code, uint64_t bucket, const Tables *tables) {
    for (int32_t i = tables->starts[bucket]; i < tables->starts[bucket + 1]; i++) {
        uint64_t x = code ^ tables->windows[i];
        x = (x | x >> 1) & ODD_BITS;
        if (__builtin_popcountll(x) > tables->most_mismatches)
            continue;
        for (int base = 0; base < END_BP; base++)
            if (tables->number_of_base[at[base]] > 3)
                x |= (uint64_t)1 << 2 * base;
        if (__builtin_popcountll(x) <= tables->most_mismatches)
            return 1;
    }
    return 0;
}

/* Whether ten bases are one of some sorted words. */
static int is_tip(const uint8_t *at, const uint32_t *tips, int64_t amount, const Tables *tables) {
    for (int i = 0; i < TIP_BP; i++)
        if (tables->number_of_base[at[i]] > 3)
            return 0;
    uint32_t wanted = (eight(at) | eight(at + 8) << 16) & ((1u << 2 * TIP_BP) - 1);
    int64_t low = 0, high = amount;
    while (low < high) {
        int64_t middle = (low + high) / 2;
        if (tips[middle] < wanted)
            low = middle + 1;
        else
            high = middle;
    }
    return low < amount && tips[low] == wanted;
}

enum { FIRST_TIP = 1, LAST_TIP = 1 << 5 }; /* the outer ten of the bases at an end are a pair */

/* An end of a record of which two parts are those of some stretches of a target. */
typedef struct {
    int64_t row;
    const uint8_t *at;
    uint64_t code, bucket;
} Candidate;

/* Write, for some ends, a bit for each pair of parts that some stretch of a target has too. */
INLINE void find_pairs(const uint64_t *codes, int64_t amount, const uint64_t *ends,
                       uint64_t *passing) {
    uint64_t places[PAIRS][2 * BATCH], bits[PAIRS][2 * BATCH];
    for (int64_t i = 0; i < amount; i++) {
        uint64_t code = codes[i];
#pragma GCC unroll 6
        for (int pair = 0; pair < PAIRS; pair++)
            places[pair][i] = pair_word(code, pair);
    }
    for (int64_t i = 0; i < amount; i++)
#pragma GCC unroll 6
        for (int pair = 0; pair < PAIRS; pair++)
            bits[pair][i] = ends[places[pair][i] >> 6];
    for (int64_t i = 0; i < amount; i++) {
        uint64_t found = 0;
#pragma GCC unroll 6
        for (int pair = 0; pair < PAIRS; pair++)
            found |= (bits[pair][i] >> (places[pair][i] & 63) & 1) << pair;
        passing[i] = found;
    }
}

/* Keep the records whose end is a target's: `ends` are the 20 bases at both of each. */
INLINE void look_at_ends(const uint8_t *text, const Record *records, int64_t first, int64_t to,
                         const Tables *tables, const Findings *found, uint64_t (*ends)[2]) {
    uint64_t marks[BATCH][2];
    Candidate candidates[BATCH * 2 * PAIRS];
    int64_t passing = 0;
    find_pairs(ends[0], 2 * (to - first), tables->ends, marks[0]);
    for (int64_t row = first; row < to; row++) {
        const uint8_t *start = text + records[row].bases, *end = text + records[row].bases_end;
        const uint64_t *mark = marks[row - first];
        int is_short = end - start < END_BP;
        if (end - start < TIP_BP || !(is_short || mark[0] | mark[1]))
            continue;
        if (is_short || mark[0] & FIRST_TIP)
            found->kept[row] |= is_tip(start, tables->first_tips, tables->first_tip_count, tables);
        if (is_short || mark[1] & LAST_TIP)
            found->kept[row] |= is_tip(end - TIP_BP, tables->tips, tables->tip_count, tables);
        for (int side = 0; side < 2 && !is_short; side++)
            for (uint64_t left = mark[side]; left; left &= left - 1) {
                uint64_t code = ends[row - first][side];
                uint64_t bucket = pair_word(code, __builtin_ctzll(left)) >> BUCKET_BITS;
                __builtin_prefetch(tables->starts + bucket);
                candidates[passing++] = (Candidate){row, side ? end - END_BP : start, code, bucket};
            }
    }
    for (int64_t i = 0; i < passing; i++)
        __builtin_prefetch(tables->windows + tables->starts[candidates[i].bucket]);
    for (int64_t i = 0; i < passing; i++) {
        Candidate each = candidates[i];
        found->kept[each.row] |= fits(each.at, each.code, each.bucket, tables);
    }
}

/* Keep the records that touch a target, and count the k-mers of all genes. */
WIDE void look_at_records(const uint8_t *text, const Record *records, int64_t amount,
                          const Tables *tables, const Findings *found) {
    for (int64_t first = 0; first < amount; first += BATCH) {
        int64_t to = first + BATCH < amount ? first + BATCH : amount;
        uint64_t ends[BATCH][2] = {0};
        look_for_words(text, records, first, to, tables, found, ends);
        look_at_ends(text, records, first, to, tables, found, ends);
    }
}

/* ---- BAM records as they lie in the file (SAM specification, 4.2) ---------------------------
 *
 * A record is its size in four bytes and so many bytes more. From its beginning on stand, among
 * others, the length of its name at 12, of its CIGAR at 16 (operations), its flag at 18, the number
 * of its bases at 20, and at 36 the name, the CIGAR, the bases, two in a byte, and the qualities. */

enum { SHORTEST_BAM_RECORD = 36, MOST_BAM_RECORD = 1 << 27 };

INLINE int64_t load4(const uint8_t *at) { return load8(at) & 0xFFFFFFFF; }
INLINE int64_t load2(const uint8_t *at) { return load8(at) & 0xFFFF; }

/* Write where the whole records between two places begin; returns how many there are.
 *
 * `ended` gets where the last one ends, and whether what follows is no record. */
int64_t walk_bam(const uint8_t *text, int64_t at, int64_t end, int64_t *starts, int64_t ended[2]) {
    int64_t count = 0, is_wrong = 0;
    while (at + 4 <= end) {
        int64_t size = load4(text + at);
        is_wrong = size < SHORTEST_BAM_RECORD - 4 || size > MOST_BAM_RECORD;
        if (is_wrong || at + 4 + size > end)
            break;
        int64_t bases = load4(text + at + 20), name = text[at + 12];
        int64_t parts = name + 4 * load2(text + at + 16) + (bases + 1) / 2 + bases;
        const uint8_t *letter = text + at + SHORTEST_BAM_RECORD;
        is_wrong = !name || SHORTEST_BAM_RECORD + parts > 4 + size || letter[name - 1];
        for (int64_t i = 0; !is_wrong && i < name - 1; i++)
            is_wrong = letter[i] < ' ' || letter[i] > '~';
        if (is_wrong)
            break;
        starts[count++] = at;
        at += 4 + size;
    }
    ended[0] = at;
    ended[1] = is_wrong;
    return count;
}

/* Write the bases of records as text from `at` on, an even place with room for a byte for each of
 * theirs; where they and the names are; and the flags. */
void unpack_bam(uint8_t *text, const int64_t *starts, int64_t amount, int64_t at, Record *records,
                uint16_t *flags) {
    static const char LETTERS[] = "=ACMGRSVTWYHKDBN";
    uint8_t pairs[256][2];
    for (int code = 0; code < 256; code++) {
        pairs[code][0] = LETTERS[code >> 4];
        pairs[code][1] = LETTERS[code & 15];
    }
    for (int64_t row = 0; row < amount; row++) {
        int64_t start = starts[row], name = start + SHORTEST_BAM_RECORD;
        int64_t name_end = name + text[start + 12] - 1, bases = load4(text + start + 20);
        const uint8_t *packed = text + name_end + 1 + 4 * load2(text + start + 16);
        for (int64_t i = 0; i < (bases + 1) / 2; i++)
            memcpy(text + at + 2 * i, pairs[packed[i]], 2);
        records[row] = (Record){name, name_end, at, at + bases, -1, -1, 0};
        flags[row] = load2(text + start + 18);
        at += (bases + 1) / 2 * 2;
    }
}

/* Write a number, not 0, for the molecule's name of each record; `/1` and `/2` are no part of it. */
void name_keys(const uint8_t *text, const int64_t *starts, int64_t amount, uint64_t *keys) {
    for (int64_t row = 0; row < amount; row++) {
        const uint8_t *at = text + starts[row] + SHORTEST_BAM_RECORD;
        const uint8_t *end = at + text[starts[row] + 12] - 1;
        if (end - at >= 2 && end[-2] == '/' && (end[-1] == '1' || end[-1] == '2'))
            end -= 2;
        keys[row] = key_of(at, end) | 1;
    }
}

/* Where a key stands in a table of 2^n places, or the free place for it. */
INLINE uint64_t key_slot(const uint64_t *table, int64_t size, uint64_t key) {
    uint64_t slot = key >> 20 & (size - 1);
    while (table[slot] && table[slot] != key)
        slot = (slot + 1) & (size - 1);
    return slot;
}

/* Enter keys into a table of 2^n places, of which more than those are free (0). */
void insert_keys(const uint64_t *keys, int64_t amount, uint64_t *table, int64_t size) {
    for (int64_t i = 0; i < amount; i++)
        table[key_slot(table, size, keys[i])] = keys[i];
}

/* Mark the keys that are in the table. */
void mark_keys(const uint64_t *keys, int64_t amount, const uint64_t *table, int64_t size,
               uint8_t *marks) {
    for (int64_t i = 0; i < amount; i++)
        marks[i] = table[key_slot(table, size, keys[i])] == keys[i];
}

/* The head of a record without an alignment, up to its name. */
typedef struct {
    int32_t size, contig, place;
    uint8_t name_bytes, mapping_quality;
    uint16_t bin, operations, flag;
    int32_t bases, next_contig, next_place, template;
} Head;

enum { NO_BIN = 4680 }; /* that of a place before the first one of a contig */

/* Write reads of FASTQ as records without an alignment; `starts` says where each begins.
 *
 * `codes` are the four bits of each letter, `names` those of the molecules, one behind the other,
 * and `name_ends` where each ends. */
void pack_reads(const uint8_t *text, const Record *records, int64_t amount, int64_t flag,
                const uint8_t *codes, const uint8_t *names, const int64_t *name_ends,
                const int64_t *starts, uint8_t *out) {
    for (int64_t row = 0, name = 0; row < amount; name = name_ends[row++]) {
        int64_t name_bytes = name_ends[row] - name + 1;
        int64_t bases = records[row].bases_end - records[row].bases;
        int64_t size = SHORTEST_BAM_RECORD + name_bytes + (bases + 1) / 2 + bases;
        Head head = {size - 4, -1, -1, name_bytes, 0, NO_BIN, 0, flag, bases, -1, -1, 0};
        uint8_t *at = out + starts[row];
        memcpy(at, &head, sizeof head);
        at += sizeof head;
        memcpy(at, names + name, name_bytes - 1);
        at += name_bytes;
        at[-1] = 0;
        const uint8_t *letter = text + records[row].bases, *end = letter + bases;
        for (; letter + 2 <= end; letter += 2)
            *at++ = codes[letter[0]] << 4 | codes[letter[1]];
        if (letter < end)
            *at++ = codes[*letter] << 4;
        for (int64_t i = 0; i < bases; i++)
            at[i] = text[records[row].quality + i] - '!';
    }
}
