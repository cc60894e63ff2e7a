/* wp_state.c: what an event does to the state of a handle, told once more in rules, for Frama-C's
 * WP to prove of the tables. */
#include "core/handle/stream_state.c"

#define LIFE(state) ((state)&0xF)
#define READ_HALF(state) (((state) >> 4) & 0xF)
#define WRITE_HALF(state) (((state) >> 8) & 0xF)
#define ENDING(state) (((state) >> 12) & 0xF)
#define REASON(state) (((state) >> 16) & 0xFF)

/*@ // A step on the way to an open handle.
    predicate is_step(integer e) =
      e == FERI_EVENT_OPEN_ABANDON || e == FERI_EVENT_OPEN_UNCONNECTED || e == FERI_EVENT_CONNECT_BEGIN ||
      e == FERI_EVENT_CONNECT_ABANDON || e == FERI_EVENT_CONNECT_OK || e == FERI_EVENT_CONNECT_FAIL;
    predicate is_event(integer e) =
      e == FERI_EVENT_OPEN_BEGIN || is_step(e) || e == FERI_EVENT_SHUT_READ || e == FERI_EVENT_SHUT_WRITE || e == FERI_EVENT_SHUT_BOTH || e == FERI_EVENT_GOT_EOF ||
      e == FERI_EVENT_GOT_RESET || e == FERI_EVENT_GOT_PIPE || e == FERI_EVENT_CLOSE;
    predicate is_life(integer life) =
      life == FERI_PHASE_NEW || life == FERI_PHASE_OPENING || life == FERI_PHASE_UNCONNECTED || life == FERI_PHASE_CONNECTING ||
      life == FERI_PHASE_CONNECT_FAILED || life == FERI_PHASE_OPEN || life == FERI_PHASE_CLOSED;
    predicate is_read(integer half) =
      half == FERI_READ_OPEN || half == FERI_READ_EOF || half == FERI_READ_SHUT || half == FERI_READ_RESET;
    predicate is_write(integer half) = half == FERI_WRITE_OPEN || half == FERI_WRITE_SHUT || half == FERI_WRITE_GONE;
    predicate is_ending(integer ending) = ending == FERI_ENDING_UNSEEN || ending == FERI_ENDING_SEEN;
    predicate is_state(integer state) =
      is_life(LIFE(state)) && is_read(READ_HALF(state)) && is_write(WRITE_HALF(state)) && is_ending(ENDING(state));

    // What may happen in a life, and in a half.
    predicate life_allows(integer life, integer e) =
      (e == FERI_EVENT_OPEN_BEGIN ==> life == FERI_PHASE_NEW || life == FERI_PHASE_CLOSED) &&
      (e == FERI_EVENT_OPEN_ABANDON || e == FERI_EVENT_OPEN_UNCONNECTED ==> life == FERI_PHASE_OPENING) &&
      (e == FERI_EVENT_CONNECT_BEGIN ==> life == FERI_PHASE_UNCONNECTED) &&
      (e == FERI_EVENT_CONNECT_ABANDON || e == FERI_EVENT_CONNECT_FAIL ==> life == FERI_PHASE_CONNECTING) &&
      (e == FERI_EVENT_CONNECT_OK ==>
        life == FERI_PHASE_OPENING || life == FERI_PHASE_UNCONNECTED || life == FERI_PHASE_CONNECTING) &&
      (e != FERI_EVENT_OPEN_BEGIN && !is_step(e) && e != FERI_EVENT_CLOSE ==> life == FERI_PHASE_OPEN);
    predicate half_allows(integer half, integer e) = is_step(e) ==> half == 0;

    logic integer life_after(integer life, integer e) =
      e == FERI_EVENT_OPEN_BEGIN ? FERI_PHASE_OPENING :
      e == FERI_EVENT_CONNECT_OK ? FERI_PHASE_OPEN :
      e == FERI_EVENT_OPEN_ABANDON ? FERI_PHASE_NEW :
      e == FERI_EVENT_OPEN_UNCONNECTED || e == FERI_EVENT_CONNECT_ABANDON ? FERI_PHASE_UNCONNECTED :
      e == FERI_EVENT_CONNECT_BEGIN ? FERI_PHASE_CONNECTING :
      e == FERI_EVENT_CONNECT_FAIL ? FERI_PHASE_CONNECT_FAILED :
      e == FERI_EVENT_CLOSE && life != FERI_PHASE_NEW ? FERI_PHASE_CLOSED : life;
    // The handle's own shutdown goes over everything; else the first end that was seen stays.
    logic integer read_after(integer half, integer e) =
      e == FERI_EVENT_OPEN_BEGIN || e == FERI_EVENT_CLOSE ? FERI_READ_OPEN :
      e == FERI_EVENT_SHUT_READ || e == FERI_EVENT_SHUT_BOTH ? FERI_READ_SHUT :
      half == FERI_READ_OPEN && e == FERI_EVENT_GOT_EOF ? FERI_READ_EOF :
      half == FERI_READ_OPEN && e == FERI_EVENT_GOT_RESET ? FERI_READ_RESET : half;
    logic integer write_after(integer half, integer e) =
      e == FERI_EVENT_OPEN_BEGIN || e == FERI_EVENT_CLOSE ? FERI_WRITE_OPEN :
      e == FERI_EVENT_SHUT_WRITE || e == FERI_EVENT_SHUT_BOTH ? FERI_WRITE_SHUT :
      half == FERI_WRITE_OPEN && (e == FERI_EVENT_GOT_RESET || e == FERI_EVENT_GOT_PIPE) ? FERI_WRITE_GONE : half;
    // An end of file tells nothing of the peer where this handle shut the half.
    logic integer ending_after(integer ending, integer half, integer e) =
      e == FERI_EVENT_OPEN_BEGIN || e == FERI_EVENT_OPEN_ABANDON || e == FERI_EVENT_CLOSE ? FERI_ENDING_UNSEEN :
      e == FERI_EVENT_GOT_RESET || (e == FERI_EVENT_GOT_EOF && half != FERI_READ_SHUT) ? FERI_ENDING_SEEN : ending;
    // The first reason stays.
    logic integer reason_after(integer current, integer e, integer reason) =
      e == FERI_EVENT_OPEN_BEGIN || e == FERI_EVENT_OPEN_ABANDON || e == FERI_EVENT_CLOSE ? 0 :
      (e == FERI_EVENT_GOT_RESET || e == FERI_EVENT_CONNECT_FAIL) && current == 0 ? reason : current;
*/

/*@ requires is_state(state);
    assigns \nothing;
    ensures \result == LIFE(state); */
feri_phase feri_state_phase(feri_state state);

/*@ requires is_state(state);
    assigns \nothing;
    ensures \result == READ_HALF(state); */
feri_read_half feri_state_read_half(feri_state state);

/*@ requires is_state(state);
    assigns \nothing;
    ensures \result == WRITE_HALF(state); */
feri_write_half feri_state_write_half(feri_state state);

/*@ requires is_state(state);
    assigns \nothing;
    ensures \result == ENDING(state); */
feri_ending feri_state_ending(feri_state state);

/*@ assigns \nothing;
    ensures \result == REASON(state); */
fer_error_kind feri_state_saved_kind(feri_state state);

/*@ requires is_state(state) && is_event(event) && 0 <= reason <= 0xFF;
    assigns \nothing;
    ensures \result == reason_after(REASON(state), event, reason); */
static uint32_t next_saved_kind(feri_state state, feri_event event, fer_error_kind reason);

/*@ requires is_state(state) && is_event(event);
    assigns \nothing;
    ensures \result == ending_after(ENDING(state), READ_HALF(state), event); */
static uint32_t next_ending(feri_state state, feri_event event);

/*@ requires is_state(state) && is_event(event);
    assigns \nothing;
    ensures life_allows(LIFE(state), event) ==> \result == life_after(LIFE(state), event);
    ensures !life_allows(LIFE(state), event) ==> \result == FERI_MISUSE;
    ensures is_life(\result) || \result == FERI_MISUSE; */
static uint32_t next_phase(feri_state state, feri_event event);

/*@ requires is_state(state) && is_event(event);
    assigns \nothing;
    ensures half_allows(READ_HALF(state), event) ==> \result == read_after(READ_HALF(state), event);
    ensures !half_allows(READ_HALF(state), event) ==> \result == FERI_MISUSE;
    ensures is_read(\result) || \result == FERI_MISUSE; */
static uint32_t next_read_half(feri_state state, feri_event event);

/*@ requires is_state(state) && is_event(event);
    assigns \nothing;
    ensures half_allows(WRITE_HALF(state), event) ==> \result == write_after(WRITE_HALF(state), event);
    ensures !half_allows(WRITE_HALF(state), event) ==> \result == FERI_MISUSE;
    ensures is_write(\result) || \result == FERI_MISUSE; */
static uint32_t next_write_half(feri_state state, feri_event event);

#define MAY_HAPPEN                                                              \
    (life_allows(LIFE(state), event) && half_allows(READ_HALF(state), event) && \
     half_allows(WRITE_HALF(state), event))
/*@ requires is_state(state) && is_event(event) && 0 <= reason <= 0xFF;
    assigns \nothing;
    ensures !MAY_HAPPEN ==> \result == FERI_STATE_MISUSE;
    ensures MAY_HAPPEN ==> \result ==
      life_after(LIFE(state), event) + 0x10 * read_after(READ_HALF(state), event) +
      0x100 * write_after(WRITE_HALF(state), event) + 0x1000 * ending_after(ENDING(state), READ_HALF(state), event) +
      0x10000 * reason_after(REASON(state), event, reason); */
feri_state feri_state_next(feri_state state, feri_event event, fer_error_kind reason);
