/* message_source.h: the failure of a message whose local address is not one of this machine, for
 * the backends of real systems. */
#ifndef FERP_MESSAGE_SOURCE_H
#define FERP_MESSAGE_SOURCE_H

#include "platform/messages.h"

/* Returns the error of a message that was not sent: ADDR_NOT_AVAILABLE if its local address is not
 * one of this machine or of the interface. +1 socket, bind and close if it may be that. */
fer_error ferp_message_source_error(const struct ferp_send_message *message, fer_error error);

#endif
