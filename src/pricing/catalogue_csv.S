/* The texts of catalogue.csv and rates.csv inside the program; see catalogue_csv() and rates_csv(). */
    .section .rodata
    .global steno_catalogue_csv_begin
    .global steno_catalogue_csv_end
    .global steno_rates_csv_begin
    .global steno_rates_csv_end
    .balign 16
steno_catalogue_csv_begin:
    .incbin STENO_CATALOGUE_CSV
steno_catalogue_csv_end:
    .balign 16
steno_rates_csv_begin:
    .incbin STENO_RATES_CSV
steno_rates_csv_end:
    .section .note.GNU-stack, "", %progbits
