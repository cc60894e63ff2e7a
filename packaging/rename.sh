#!/bin/sh
# Moves a program from the API of ferrule 0.2 to that of 0.9 (the table in CHANGELOG.md).
set -eu

case ${1-} in
'' | -h | --help)
    cat <<'TEXT'
usage: packaging/rename.sh FILE...

Rewrites C and C++ sources in place: renamed functions, types and enumerators, IP addresses that are
passed by value now, the members v4 and v6 of a member that is named ip, and the two bools of a
fer_event. Prints each file that changed. Names in comments change too. Run it once: a second run
would dereference the addresses again. Needs perl.

What needs a decision stays as it is, and does not compile: the functions that are gone, a NULL
address, members of an address that has another name, and .readable and .writable of an event that
the file does not declare by its type and name.

Three values in braces that may be a fer_event inside another struct would compile and mean something
else. Such a line is printed, and the exit code is 1.

It does not see, and compilers accept:
- a call or an initializer of fer_event that a macro makes from its arguments, or whose values have
  names of the program (MY_TRUE);
- a behaviour that has changed under the same name: the section "Changed" of CHANGELOG.md.
TEXT
    exit 0
    ;;
esac

exec perl - "$@" <<'PERL'
use strict;
use warnings;

# old name => new name
my %renamed = (
    fer_error_from_os                  => 'fer_error_from_raw_os_error',
    fer_socket_addr_new_v4             => 'fer_socket_addr_v4_new',
    fer_socket_addr_new_v6             => 'fer_socket_addr_v6_new',
    fer_tcp_stream_close_lingering     => 'fer_tcp_stream_close_gracefully',
    fer_unix_stream_close_lingering    => 'fer_unix_stream_close_gracefully',
    fer_udp_socket_try_recv            => 'fer_udp_socket_try_recv_from',
    fer_udp_socket_try_peek            => 'fer_udp_socket_try_peek_from',
    fer_unix_datagram_try_recv         => 'fer_unix_datagram_try_recv_from',
    fer_socket_recv                    => 'fer_socket_recv_from',
    fer_datagram                       => 'fer_udp_received',
    fer_keepalive                      => 'fer_tcp_keepalive',
    fer_sim_peer_receive               => 'fer_sim_peer_recv',
    fer_sim_peer_receive_from          => 'fer_sim_peer_recv_from',
    fer_sim_peer_on                    => 'fer_sim_peer_set_handler',
    FER_SIM_POSIX                      => 'FER_SIM_DIALECT_POSIX',
    FER_SIM_WINSOCK                    => 'FER_SIM_DIALECT_WINSOCK',
    FER_SIM_BSD                        => 'FER_SIM_DIALECT_BSD',
    FER_SIM_MACOS                      => 'FER_SIM_BSD_MACOS',
    FER_SIM_FREEBSD                    => 'FER_SIM_BSD_FREEBSD',
    FER_SIM_NETBSD                     => 'FER_SIM_BSD_NETBSD',
    FER_SIM_OPENBSD                    => 'FER_SIM_BSD_OPENBSD',
    FER_SIM_CONNECTED                  => 'FER_SIM_EVENT_CONNECTED',
    FER_SIM_CONNECT_FAILED             => 'FER_SIM_EVENT_CONNECT_FAILED',
    FER_SIM_ACCEPTABLE                 => 'FER_SIM_EVENT_ACCEPTABLE',
    FER_SIM_READABLE                   => 'FER_SIM_EVENT_READABLE',
    FER_SIM_WRITABLE                   => 'FER_SIM_EVENT_WRITABLE',
    FER_SIM_ENDED                      => 'FER_SIM_EVENT_ENDED',
    FER_SIM_WAS_RESET                  => 'FER_SIM_EVENT_WAS_RESET',
    FER_SIM_PAUSE                      => 'FER_SIM_ACTION_PAUSE',
    FER_SIM_SEND                       => 'FER_SIM_ACTION_SEND',
    FER_SIM_RECEIVE                    => 'FER_SIM_ACTION_RECEIVE',
    FER_SIM_RECEIVE_TO_END             => 'FER_SIM_ACTION_RECEIVE_TO_END',
    FER_SIM_ECHO                       => 'FER_SIM_ACTION_ECHO',
    FER_SIM_SHUT_DOWN                  => 'FER_SIM_ACTION_SHUT_DOWN',
    FER_SIM_CLOSE                      => 'FER_SIM_ACTION_CLOSE',
    FER_SIM_RESET                      => 'FER_SIM_ACTION_RESET',
    FER_SIM_LEAKS_TOLD                 => 'FER_SIM_LEAKS_MAX',
);

# function => the positions of its arguments that are IP addresses, passed by value
my %by_value = (
    (map { ("fer_ipv4_addr_$_" => [0]) }
        qw(to_bits to_ipv6_mapped to_ipv6_compatible is_unspecified is_loopback is_private
        is_link_local is_multicast is_broadcast is_documentation format)),
    (map { ("fer_ipv6_addr_$_" => [0]) }
        qw(segments is_unspecified is_loopback is_multicast is_unique_local is_unicast_link_local
        to_ipv4 to_ipv4_mapped to_canonical format)),
    (map { ("fer_ip_addr_$_" => [0]) }
        qw(from_v4 from_v6 to_canonical is_unspecified is_loopback is_multicast is_ipv4 is_ipv6
        format)),
    (map { ("fer_${_}_addr_cmp" => [0, 1], "fer_${_}_addr_eq" => [0, 1]) } qw(ipv4 ipv6 ip)),
    fer_socket_addr_new               => [0],
    fer_socket_addr_v4_new            => [0],
    fer_socket_addr_v6_new            => [0],
    fer_udp_socket_join_multicast_v4  => [1, 2],
    fer_udp_socket_leave_multicast_v4 => [1, 2],
    fer_udp_socket_join_multicast_v6  => [1],
    fer_udp_socket_leave_multicast_v6 => [1],
);

# function/number of arguments => the new call. %0 is the first argument.
my %moved = (
    'fer_poller_wait/5'          => 'fer_poller_wait(%0, %3, %1, %2, %4, NULL)',
    (map { ("fer_${_}_listener_set_timeout/2" =>
            "fer_socket_set_read_timeout(fer_${_}_listener_as_socket(%0), %1)",
            "fer_${_}_listener_timeout/2" =>
            "fer_socket_read_timeout(fer_${_}_listener_as_socket(%0), %1)") } qw(tcp unix)),
    'fer_tcp_stream_connect_addrs/3' => 'fer_tcp_stream_connect_addrs(%0, %1, %2, NULL)',
    'fer_resolver_start/4'           => 'fer_resolver_start(%0, %1, NULL, %2, 0, %3)',
    'fer_resolver_start_with_key/5'  => 'fer_resolver_start(%0, %1, NULL, %2, %3, %4)',
    'fer_poller_wait_notified/6' => 'fer_poller_wait(%0, %3, %1, %2, %4, %5)',
);

# function => its loop over addresses, which becomes a function of the program
my %loops = map { $_->[0] => [$_->[0] =~ s/^fer_//r, @$_] } (
    ['fer_tcp_listener_bind_addrs', 'fer_tcp_listener_bind_addr', 'fer_tcp_listener'],
    ['fer_udp_socket_bind_addrs', 'fer_udp_socket_bind_addr', 'fer_udp_socket'],
    ['fer_udp_socket_connect_addrs', 'fer_udp_socket_connect_addr', 'fer_udp_socket'],
);

# The call with a number of failures that is a member of the options now. %o are the options.
sub counted
{
    my ($call, $options, $count) = @_;
    if ($options eq 'NULL') {
        my $members = $count eq 'NULL' ? '0' : ".failures_count = $count";
        return $call =~ s/%o/&(fer_connect_options){$members}/r;
    }
    $call =~ s/%o/$options/;
    return $call if $count eq 'NULL';
    my $member = $options =~ /^&\s*(.+)$/s ? "$1." : "$options->";
    return "(${member}failures_count = $count, $call)";
}

# Calls whose arguments became members of an options struct.
my %with_options = (
    'fer_resolver_new/3' => sub {
        my ($self, $threads, $queue) = @_;
        $queue = 'FER_RESOLVER_NO_QUEUE' if $queue eq '0';
        return "fer_resolver_new($self, &(fer_resolver_options){.threads = $threads, .queue_cap = $queue})";
    },
    'fer_to_socket_addrs_within/6' => sub {
        my ($text, $limits, $resolver, @rest) = @_;
        my @members;
        push @members, '.limits = ' . value_of($limits) if $limits ne 'NULL';
        push @members, ".resolver = $resolver" if $resolver ne 'NULL';
        my $options = @members ? '&(fer_lookup_options){' . join(', ', @members) . '}' : 'NULL';
        return 'fer_to_socket_addrs_with(' . join(', ', $text, $options, @rest) . ')';
    },
    'fer_tcp_stream_connect_with/4' => sub {
        return counted("fer_tcp_stream_connect_with($_[0], $_[1], %o)", $_[2], $_[3]);
    },
    'fer_tcp_stream_connect_addrs_with/5' => sub {
        return counted("fer_tcp_stream_connect_addrs($_[0], $_[1], $_[2], %o)", $_[3], $_[4]);
    },
);

# A call's argument list in parentheses, with strings and comments in it.
my $list = qr{
    (?<list> \( (?: [^()"'/]++ | "(?:[^"\\]|\\.)*+" | '(?:[^'\\]|\\.)*+'
        | /\*.*?\*/ | //[^\n]*+ | / | (?&list) )*+ \) )
}xs;

# Splits the text between the parentheses of a call at its commas.
sub arguments
{
    my ($text) = @_;
    my ($depth, @found) = (0, '');
    while ($text =~ m{\G("(?:[^"\\]|\\.)*+"|'(?:[^'\\]|\\.)*+'|/\*.*?\*/|.)}gs) {
        my $token = $1;
        if ($token eq ',' && $depth == 0) {
            push @found, '';
            next;
        }
        $depth++ if $token =~ /^[(\[{]$/;
        $depth-- if $token =~ /^[)\]}]$/;
        $found[-1] .= $token;
    }
    return @found;
}

# The expression of an address, given that of a pointer to it.
sub value_of
{
    my ($pointer) = @_;
    my ($space, $expression) = $pointer =~ /^(\s*)(.*)$/s;
    return $pointer if $expression eq 'NULL';
    return "$space$1" if $expression =~ /^&\s*(.+)$/s;
    return $expression =~ /^[\w.\[\]()]+$|^\w[\w.\[\]()>-]*$/ ? "$space*$expression" : "$space*($expression)";
}

sub rewrite
{
    my ($text) = @_;
    $text =~ s{(!?)\b(fer_\w+)(\s*)$list}{
        my ($not, $name, $gap, $inside) = ($1, $2, $3, substr($+{list}, 1, -1));
        my @arguments = arguments(rewrite($inside));
        my $is_declaration = $inside =~ /^\s*(?:const\s+)?fer_\w+\s*\**\s*\w+\s*(?:,|$)/s;
        if ($by_value{$renamed{$name} // $name} && !$is_declaration) {
            $arguments[$_] = value_of($arguments[$_]) for grep { $_ < @arguments } @{$by_value{$renamed{$name} // $name}};
        }
        my $call = $is_declaration ? undef : $moved{"$name/" . @arguments};
        my $make = $is_declaration ? undef : $with_options{"$name/" . @arguments};
        s/^\s+|\s+$//g for $call || $make ? @arguments : ();
        $call ||= $make->(@arguments) if $make;
        my $object = $arguments[0] // '';
        $object = "($object)" unless $object =~ /^\w[\w.\[\]>()-]*$/;
        $name eq 'fer_duration_is_none' && !$is_declaration
            ? "$object.nanos " . ($not ? '!=' : '==') . ' FER_DURATION_NONE_NANOS'
            : $not . ($call ? $call =~ s/%(\d)/$arguments[$1]/gr : "$name$gap(" . join(',', @arguments) . ')');
    }ge;
    return $text;
}

# A group in braces, with strings and comments in it.
my $group = qr{
    (?<group> \{ (?: [^{}"'/]++ | "(?:[^"\\]|\\.)*+" | '(?:[^'\\]|\\.)*+'
        | /\*.*?\*/ | //[^\n]*+ | / | (?&group) )*+ \} )
}xs;

# One bit of the expression of a bool.
sub bit
{
    my ($value, $name) = @_;
    $value =~ s/^\s+|\s+$//g;
    return () if $value =~ /^(?:false|0|)$/;
    return $name if $value =~ /^(?:true|1)$/;
    return $value =~ /^\w+$/ ? "($value ? $name : 0u)" : "(($value) ? $name : 0u)";
}

sub bits { return join(' | ', bit($_[0], 'FER_READABLE'), bit($_[1], 'FER_WRITABLE')) || '0'; }

# The initializer of an event, or of an array of events.
sub event_group
{
    my ($text) = @_;
    my @elements = arguments(substr($text, 1, -1));
    if ($text =~ /^\{\s*(?:\[[^\]]*\]\s*=\s*)?\{/) {
        s/$group/event_group($1)/e for @elements;
        return '{' . join(',', @elements) . '}';
    }
    pop @elements if @elements > 1 && $elements[-1] =~ /^\s*$/;
    my ($key, %values, @others) = (shift @elements);
    if ($text !~ /^\{\s*\./) {
        return $text if @elements == 0 || @elements > 2;
        $key =~ s/^\s+|\s+$//g;
        return "{.key = $key, .interest = " . bits($elements[0], $elements[1] // '') . '}';
    }
    for my $element ($key, @elements) {
        my ($name, $value) = $element =~ /^\s*\.(readable|writable)\s*=(.*)$/s;
        $values{$name} = $value if defined $name;
        push @others, $element if !defined $name;
    }
    return $text if !%values;
    my $first = @others ? join(',', @others) . ', ' : '';
    return "{$first.interest = " . bits($values{readable} // '', $values{writable} // '') . '}';
}

# The test of one bit, in parentheses unless what is beside it binds less.
sub bit_test
{
    my ($not, $event, $name, $before, $after) = @_;
    my $test = "(${event}interest & FER_" . uc($name) . ($not ? ') == 0' : ') != 0');
    my $is_alone = $after =~ /^\s*(?:[),;?:\}]|&&|\|\|)/
        && $before =~ /(?:[(,;?:\{\}]|&&|\|\||[^=!<>]=|\breturn)\s*$/;
    return $is_alone ? $test : "($test)";
}

# The two bools of a fer_event, which are bits now. Only variables and members that the file
# declares.
sub event_bits
{
    my ($text) = @_;
    $text =~ s/(\bfer_event\b\s*\)?\s*(?:\w+\s*(?:\[[^\]]*\]\s*)*=?\s*)?)$group/$1 . event_group($+{group})/ge;
    $text =~ s/(\{[^{}]*\.key\s*=[^{}]*\})/event_group($1)/ge;
    for my $name ($text =~ /\bfer_event\s+(?:const\s+)?\**\s*(?:const\s+)?(\w+)/g) {
        my $event = qr/(?<![\w.>])(?:\w+(?:\[[^\]]*\])?(?:\.|->))*$name(?:\[[^\]]*\])?(?:\.|->)/;
        $text =~ s{($event)(readable|writable)\s*=(?!=)\s*((?:[^;=]|[=!<>]=)*);}{
            my ($all, $to, $bit, $value) = ($&, $1, 'FER_' . uc $2, $3);
            $to =~ /\+\+|--|\(/ ? $all
            : $value eq 'true' ? "${to}interest |= $bit;"
            : $value eq 'false' ? "${to}interest &= ~$bit;"
                                : "${to}interest = ($value) ? ${to}interest | $bit : ${to}interest & ~$bit;"
        }ge;
        $text =~ s/(!?)($event)(readable|writable)\b/bit_test($1, $2, $3, substr($text, 0, $-[0]), substr($text, $+[0], 20))/ge;
    }
    return $text;
}

# Prints the lines with three values that may be an event: a key and two bools.
sub unseen_events
{
    my ($path, $text) = @_;
    my $found = 0;
    my $bool = qr/true|false|[^=]*(?:[!=]=|[<>]|&&|\|\||!)[^=]*/;
    while ($text =~ /\bfer_event\b/ && $text =~ /\{([^{}.;]*)\}/g) {
        my ($inside, $at) = ($1, $-[0]);
        my @values = arguments($inside);
        next unless @values == 3 && $values[1] =~ /^\s*$bool\s*$/ && $values[2] =~ /^\s*$bool\s*$/;
        my $line = 1 + (substr($text, 0, $at) =~ tr/\n//);
        print STDERR "$path:$line: {$inside}: if this is a fer_event, write {.key = , .interest = }\n";
        $found = 1;
    }
    return $found;
}

# The functions that a file calls and that are loops now, after its last #include.
sub with_loops
{
    my ($text) = @_;
    my $added = '';
    for my $old (sort keys %loops) {
        my ($name, undef, $call, $type) = @{$loops{$old}};
        next unless $text =~ s/\b$old\b/$name/g;
        $added .= <<"TEXT";

static fer_error $name($type *handle, const fer_socket_addr *addrs, size_t count)
{
    fer_error error = {FER_INVALID_INPUT, 0};
    for (size_t i = 0; i < count; i++) {
        error = $call(handle, &addrs[i]);
        if (error.kind == FER_OK) {
            break;
        }
    }
    return error;
}
TEXT
    }
    $text =~ s/^(.*^#include[^\n]*\n)/$1$added/ms if $added ne '';
    return $text;
}

my $unseen = 0;
for my $path (@ARGV) {
    open my $in, '<:raw', $path or die "$path: $!\n";
    my $old = do { local $/; <$in> };
    close $in;
    my $new = with_loops(event_bits(rewrite($old)));
    $new =~ s/\b((?:fer|FER)_\w+)\b/$renamed{$1} \/\/ $1/ge;
    $new =~ s/\bip(\.|->)(v[46])\b/ip$1u.$2/g;
    $new =~ s/(FER_IP_V[46],\s*)\.(v[46]\b)/$1.u.$2/g;
    $unseen |= unseen_events($path, $new);
    next if $new eq $old;
    open my $out, '>:raw', $path or die "$path: $!\n";
    print $out $new or die "$path: $!\n";
    close $out or die "$path: $!\n";
    print "$path\n";
}
exit $unseen;
PERL
